// SPDX-License-Identifier: GPL-2.0-or-later
// small_machine() with what a kernel with a crash reservation shows besides.
#pragma once

#include "include/layout/elf.h"
#include "tests/unit/kexec/machine/memory_files.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace kx::test {

struct KcoreEntry {
    std::uint64_t virtual_address;
    std::uint64_t physical_address;
    std::uint64_t size;
    std::uint32_t type = layout::pt_load;
};

// Headers as /proc/kcore has them, and behind them memory that nobody may read.
inline std::string kcore(const std::vector<KcoreEntry>& entries) {
    using Elf = layout::Elf64<false>;
    Elf::Header header{};
    std::memcpy(header.ident,
                "\x7f"
                "ELF\x02\x01\x01",
                7);
    header.type = layout::et_core;
    header.machine = layout::em_x86_64;
    header.phoff = std::uint64_t{sizeof(header)};
    header.phentsize = std::uint16_t{sizeof(Elf::ProgramHeader)};
    header.phnum = static_cast<std::uint16_t>(entries.size());
    std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
    for (const KcoreEntry& entry : entries) {
        Elf::ProgramHeader program{};
        program.type = entry.type;
        program.offset = entry.virtual_address & 0x7fffffffffff;
        program.vaddr = entry.virtual_address;
        program.paddr = entry.physical_address;
        program.filesz = program.memsz = entry.size;
        bytes.append(reinterpret_cast<const char*>(&program), sizeof(program));
    }
    return bytes + "the memory itself";
}

inline constexpr std::uint64_t test_direct_map = 0xffff8a4000000000;
inline constexpr std::uint64_t test_image = 0xffffffff8e000000;
inline constexpr std::uint64_t not_ram = UINT64_MAX;

// Image at 0x1000000-0x2e0a000; vmalloc and module areas have no physical address.
inline std::vector<KcoreEntry> kcore_entries() {
    return {{0, 0, 0, layout::pt_note},
            {0xffffae0000000000, not_ram, 0x1fffffffffff},
            {test_direct_map + 0x1000, 0x1000, 0x9f000},
            {test_direct_map + 0x100000, 0x100000, 0x7fee0000},
            {test_image, 0x1000000, 0x1e10000},
            {0xffffffffc0000000, not_ram, 0x3f000000}};
}

// For INFO(): empty where there is a value.
template <typename T> std::string message_of(const Result<T>& result) {
    return result ? std::string() : result.error().message;
}

inline std::string cpu_path(unsigned cpu, std::string_view file) {
    return fmt::format("sys/devices/system/cpu/cpu{}/{}", cpu, file);
}

inline void add_cpu(MemoryFiles& files, unsigned cpu, std::uint64_t notes) {
    files.with(cpu_path(cpu, "crash_notes"), fmt::format("{:x}\n", notes))
        .with(cpu_path(cpu, "crash_notes_size"), "376\n");
}

// 128 MiB reserved at 0x30000000, CPUs 0, 2 and 10.
inline MemoryFiles crash_machine() {
    MemoryFiles files = small_machine();
    files.with("sys/kernel/vmcoreinfo", "0x0000000002e12000 1024\n")
        .with("sys/devices/system/cpu/possible", "0-10\n")
        .with("proc/kcore", kcore(kcore_entries()));
    files.folders.insert("sys/devices/system/cpu/cpufreq");
    add_cpu(files, 10, 0x7f60a000);
    add_cpu(files, 0, 0x7f600000);
    add_cpu(files, 2, 0x7f602400);
    return files;
}

// `more` is added to the machine's /proc/iomem: lines of RAM above the rest.
inline MemoryFiles with_iomem(MemoryFiles files, std::string_view more) {
    files.files["proc/iomem"] += more;
    return files;
}

} // namespace kx::test
