// SPDX-License-Identifier: GPL-2.0-or-later
// A machine's files held in memory, and a small machine to start from.
#pragma once

#include "kexec/machine/system_files.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include <fmt/format.h>

namespace kx::test {

// `files` maps a path to its content; a folder exists when something lies in it or it is in `folders`. Reading or
// listing a path in `denied` fails as it does for those who are not root.
class MemoryFiles final : public SystemFiles {
public:
    std::map<std::string, std::string, std::less<>> files;
    std::set<std::string, std::less<>> folders;
    std::set<std::string, std::less<>> denied;

    MemoryFiles& with(std::string path, std::string content) {
        files[std::move(path)] = std::move(content);
        return *this;
    }
    MemoryFiles& without(std::string_view path) {
        const std::string below = std::string(path) + '/';
        std::erase_if(files, [&](const auto& file) { return file.first == path || file.first.starts_with(below); });
        std::erase_if(folders, [&](const auto& name) { return name == path || name.starts_with(below); });
        return *this;
    }
    // One entry of /sys/firmware/memmap; `last` is included.
    MemoryFiles& with_firmware_range(unsigned number, std::uint64_t first, std::uint64_t last, std::string type) {
        const auto folder = fmt::format("sys/firmware/memmap/{}/", number);
        return with(folder + "start", fmt::format("{:#x}\n", first))
            .with(folder + "end", fmt::format("{:#x}\n", last))
            .with(folder + "type", std::move(type) + '\n');
    }
    // memoryN of /sys/devices/system/memory, in blocks of 128 MiB.
    MemoryFiles& with_memory_block(unsigned number, std::string state, std::string zone = "Normal") {
        const auto folder = fmt::format("sys/devices/system/memory/memory{}/", number);
        return with("sys/devices/system/memory/block_size_bytes", "8000000\n")
            .with(folder + "state", std::move(state) + '\n')
            .with(folder + "removable", "1\n")
            .with(folder + "valid_zones", std::move(zone) + '\n');
    }
    // ttySN with its I/O port; type 4 is a 16550A, access 0 by I/O ports.
    MemoryFiles& with_serial_port(std::string number, std::string port, std::string type = "4",
                                  std::string access = "0") {
        const std::string folder = "sys/class/tty/ttyS" + number + "/";
        return with(folder + "line", number + '\n')
            .with(folder + "port", std::move(port) + '\n')
            .with(folder + "type", std::move(type) + '\n')
            .with(folder + "io_type", std::move(access) + '\n');
    }
    MemoryFiles& with_runtime_range(unsigned number, std::uint32_t type, std::uint64_t physical,
                                    std::uint64_t virtual_address, std::uint64_t pages, std::uint64_t attribute) {
        const auto folder = fmt::format("sys/firmware/efi/runtime-map/{}/", number);
        return with(folder + "type", fmt::format("{:#x}\n", type))
            .with(folder + "phys_addr", fmt::format("{:#x}\n", physical))
            .with(folder + "virt_addr", fmt::format("{:#x}\n", virtual_address))
            .with(folder + "num_pages", fmt::format("{:#x}\n", pages))
            .with(folder + "attribute", fmt::format("{:#x}\n", attribute));
    }

    Result<std::string> read(std::string_view path) const override {
        if (denied.contains(path))
            return fail(Errc::denied, "{}: Permission denied", display(path));
        if (const auto found = files.find(path); found != files.end())
            return found->second;
        return fail(Errc::not_found, "{}: No such file or directory", display(path));
    }
    Result<std::vector<std::string>> list(std::string_view path) const override {
        if (denied.contains(path))
            return fail(Errc::denied, "{}: Permission denied", display(path));
        const std::string below = std::string(path) + '/';
        std::set<std::string> names;
        bool exists = folders.contains(path);
        const auto add = [&](std::string_view whole) {
            if (whole.starts_with(below))
                names.emplace(whole.substr(below.size(), whole.find('/', below.size()) - below.size()));
        };
        for (const auto& [name, content] : files)
            add(name);
        for (const auto& name : folders)
            add(name);
        if (!exists && names.empty())
            return fail(Errc::not_found, "{}: No such file or directory", display(path));
        return std::vector<std::string>(names.begin(), names.end());
    }
    std::string display(std::string_view path) const override { return fmt::format("test:/{}", path); }
};

// 2 GiB of RAM under a BIOS, a crash reservation, nothing denied.
inline MemoryFiles small_machine() {
    MemoryFiles machine;
    machine.with("proc/sys/kernel/arch", "x86_64\n")
        .with("proc/sys/kernel/osrelease", "6.1.0-50-cloud-amd64\n")
        .with("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro quiet\n")
        .with("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sse2 lm\n\nprocessor\t: 1\nflags\t\t: fpu sse2 lm\n")
        .with("proc/iomem", "00000000-00000fff : Reserved\n"
                            "00001000-0009fbff : System RAM\n"
                            "0009fc00-0009ffff : Reserved\n"
                            "000f0000-000fffff : Reserved\n"
                            "  000f0000-000fffff : System ROM\n"
                            "00100000-7ffdffff : System RAM\n"
                            "  01000000-02209987 : Kernel code\n"
                            "  02400000-02e09fff : Kernel rodata\n"
                            "  30000000-37ffffff : Crash kernel\n"
                            "  7ff00000-7ff00fff : Reserved\n"
                            "7ffe0000-7fffffff : Reserved\n"
                            "fec00000-fec003ff : IOAPIC 0\n")
        .with("sys/kernel/boot_params/data", std::string(4096, '\0'));
    return machine.with_firmware_range(0, 0, 0x9fbff, "System RAM")
        .with_firmware_range(1, 0x9fc00, 0x9ffff, "Reserved")
        .with_firmware_range(2, 0xf0000, 0xfffff, "Reserved")
        .with_firmware_range(3, 0x100000, 0x7ffdffff, "System RAM")
        .with_firmware_range(4, 0x7ffe0000, 0x7fffffff, "Reserved");
}

} // namespace kx::test
