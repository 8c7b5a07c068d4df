// SPDX-License-Identifier: GPL-2.0-or-later
// A machine with multikernel/kmod as doc/multikernel-abi.md describes it: calls and writes change the files that the
// tools read next. CPUs 0 and 1 online of four; 0x20000000-0x3fffffff reserved at boot; sixteen memory blocks of 128
// MiB.
#pragma once

#include "include/uapi/multikernel.h"
#include "kexec/core/phys_range.h"
#include "kexec/system/kernel.h"
#include "tests/unit/kexec/machine/memory_files.h"

#include <cerrno>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace kx::test {

inline MemoryFiles machine_with_module() {
    MemoryFiles machine = small_machine();
    machine.with("proc/iomem", "00000000-00000fff : Reserved\n"
                               "00001000-0009fbff : System RAM\n"
                               "0009fc00-0009ffff : Reserved\n"
                               "00100000-1fffffff : System RAM\n"
                               "20000000-3fffffff : Reserved\n"
                               "40000000-7ffdffff : System RAM\n"
                               "7ffe0000-7fffffff : Reserved\n");
    machine.with("proc/cmdline", "root=/dev/vda1 memmap=512M$0x20000000\n");
    machine.with("sys/fs/multikernel/abi", "module 1\n")
        .with_serial_port("0", "0x3F8")
        .with_serial_port("1", "0x2F8")
        .with_serial_port("2", "0x3E8")
        .with_serial_port("3", "0x2E8", "0")
        .with("proc/consoles", "ttyS0                -W- (EC  p a)    4:64\n")
        .with("proc/filesystems", "nodev\tproc\n")
        .with("sys/devices/system/memory/block_size_bytes", "8000000\n");
    for (unsigned block = 0; block < 16; ++block) {
        const auto folder = fmt::format("sys/devices/system/memory/memory{}/", block);
        machine.with(folder + "state", "online\n")
            .with(folder + "phys_index", fmt::format("{:08x}\n", block))
            .with(folder + "removable", "1\n")
            .with(folder + "valid_zones", "Normal\n");
    }
    return machine;
}

class FakeModule final : public Kernel {
public:
    struct Image {
        std::uint64_t entry;
        std::vector<PhysRange> segments;
        std::vector<PhysRange> memory;
        std::vector<std::uint32_t> cpus;
        std::string status = "loaded";
        std::string stage = "none";
    };

    explicit FakeModule(MemoryFiles& files) : files_(files) { show(); }

    std::map<std::uint32_t, Image> images;
    std::vector<std::string> order;                 // every call and write, as it came
    std::map<std::string, int, std::less<>> refuse; // the call's first word, or a path written to, to its errno
    std::set<std::uint32_t> online{0, 1};
    std::string stage_after_start = "kernel";
    std::function<int(const std::string& path, std::string_view value)> on_write; // asked first; an errno, or 0

    void forget(std::uint32_t id) {
        images.erase(id);
        show();
    }

    SysResult<> load(std::uint64_t entry, std::span<const KernelSegment> segments, std::uint64_t flags) override {
        const auto id = static_cast<std::uint32_t>((flags & KEXEC_MK_ID_MASK) >> KEXEC_MK_ID_SHIFT);
        order.push_back(fmt::format("{} {:#x}", segments.empty() ? "unload" : "load", flags));
        if (const int error = refused(segments.empty() ? "unload" : "load"))
            return std::unexpected(Errno{error});
        if (!(flags & KEXEC_MULTIKERNEL) || id == 0)
            return std::unexpected(Errno{EINVAL});
        if (segments.empty()) {
            const auto found = images.find(id);
            if (found == images.end())
                return std::unexpected(Errno{ENOENT});
            if (found->second.status == "active")
                return std::unexpected(Errno{EBUSY});
            images.erase(found);
        } else {
            if (images.contains(id))
                return std::unexpected(Errno{EEXIST});
            Image image{entry, {}, {}, {}};
            for (const KernelSegment& segment : segments)
                image.segments.push_back(segment.memory);
            image.memory = image.segments;
            images.emplace(id, image);
        }
        show();
        return {};
    }

    SysResult<> start_instance(std::uint32_t id, std::uint32_t cpu) override {
        order.push_back(fmt::format("start {} {}", id, cpu));
        if (const int error = refused("start"))
            return std::unexpected(Errno{error});
        images.at(id).status = "active";
        images.at(id).stage = stage_after_start;
        show();
        return {};
    }
    SysResult<> force_halt_instance(std::uint32_t id) override {
        order.push_back(fmt::format("halt {}", id));
        if (const int error = refused(fmt::format("halt {}", id)))
            return std::unexpected(Errno{error});
        images.at(id).status = "halted";
        show();
        return {};
    }
    SysResult<> write_attribute(const std::string& path, std::string_view value) override {
        order.push_back(fmt::format("write {} {}", path, value));
        if (const int error = on_write ? on_write(path, value) : refused(path))
            return std::unexpected(Errno{error});
        if (path.starts_with("sys/fs/multikernel/instances/"))
            assign(path, std::string(value));
        else
            files_.files[path] = std::string(value) + "\n";
        return {};
    }
    SysResult<> load_files(int, int, const std::string&, std::uint64_t) override {
        return unexpected_call("file load");
    }
    SysResult<> halt_instance(std::uint32_t) override { return unexpected_call("a halt that asks"); }
    SysResult<> start_on_cpu(std::uint32_t) override { return unexpected_call("start by CPU"); }
    SysResult<> remove_folder(const std::string&) override { return unexpected_call("rmdir"); }
    SysResult<> start() override { return unexpected_call("start of the normal image"); }
    void sync_filesystems() override { order.emplace_back("sync"); }

private:
    int refused(std::string_view what) const {
        const auto found = refuse.find(what);
        return found == refuse.end() ? 0 : found->second;
    }
    SysResult<> unexpected_call(const char* what) {
        order.emplace_back(what);
        return std::unexpected(Errno{ENOSYS});
    }

    void assign(const std::string& path, const std::string& value) {
        const std::string rest = path.substr(std::string("sys/fs/multikernel/instances/").size());
        Image& image = images.at(static_cast<std::uint32_t>(std::stoul(rest)));
        if (path.ends_with("/cpus")) {
            for (std::size_t at = 0; at < value.size(); at = value.find_first_of(",\n", at) + 1)
                image.cpus.push_back(static_cast<std::uint32_t>(std::stoul(value.substr(at))));
        } else {
            image.memory.clear();
            for (std::size_t at = 0; at < value.size(); at = value.find('\n', at) + 1) {
                std::size_t length = 0;
                const std::uint64_t begin = std::stoull(value.substr(at), &length, 16);
                const std::uint64_t last = std::stoull(value.substr(at + length + 1), nullptr, 16);
                image.memory.push_back({begin, last + 1});
            }
        }
        show();
    }

    void show() {
        files_.without("sys/fs/multikernel/instances");
        files_.folders.insert("sys/fs/multikernel/instances");
        std::string pool = "tsc_khz 2496000\nlow 0x10000-0x8ffff\n";
        std::string kimage = "MK_ID  Type        Start Address   Segments  Mode  Cmdline\n-----\n";
        std::map<std::uint32_t, std::uint32_t> owner;
        for (const auto& [id, image] : images) {
            const auto folder = fmt::format("sys/fs/multikernel/instances/{}/", id);
            std::string memory;
            for (const PhysRange& range : image.memory) {
                memory += fmt::format("{:#x}-{:#x}\n", range.begin, range.end - 1);
                pool += fmt::format("memory {:#x}-{:#x} instance {}\n", range.begin, range.end - 1, id);
            }
            for (const std::uint32_t cpu : image.cpus)
                owner[cpu] = id;
            files_.with(folder + "id", fmt::format("{}\n", id))
                .with(folder + "status", image.status + "\n")
                .with(folder + "stage", image.stage + "\n")
                .with(folder + "cpus", fmt::format("{}\n", fmt::join(image.cpus, ",")))
                .with(folder + "memory", memory);
            kimage +=
                fmt::format("{:5}  multikernel  {:#014x}  {:8}  sys  \"\"\n", id, image.entry, image.segments.size());
        }
        for (std::uint32_t cpu = 0; cpu < 4; ++cpu) {
            const std::string state = owner.contains(cpu)    ? fmt::format("instance {}", owner[cpu])
                                      : online.contains(cpu) ? "online"
                                                             : "offline";
            pool += fmt::format("cpu {} apic {:#x} {}\n", cpu, cpu * 2, state);
        }
        files_.with("sys/fs/multikernel/pool", pool).with("proc/kimage", kimage);
    }

    MemoryFiles& files_;
};

} // namespace kx::test
