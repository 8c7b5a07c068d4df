// SPDX-License-Identifier: GPL-2.0-or-later
// The other seam: everything that changes the running system. The system calls that load, drop and start kernels, and
// writes to attributes and folders below /sys. Nothing else in the program makes them.
#pragma once

#include "kexec/core/byte_view.h"
#include "kexec/core/phys_range.h"

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

namespace kx {

// errno of a refused call, always positive. explain() (system/errno_text.h) turns it into a sentence.
struct Errno {
    int value;
};
template <typename T = void> using SysResult = std::expected<T, Errno>;

// One segment of kexec_load(2): `bytes` of ours, copied to `memory` (physical, page aligned), the rest zeroed.
struct KernelSegment {
    ByteView bytes;
    PhysRange memory;
};

class Kernel {
public:
    virtual ~Kernel() = default;

    // kexec_load(2). `flags` are KEXEC_* of uapi/kexec.h, the architecture among them. No segments: unload.
    virtual SysResult<> load(std::uint64_t entry, std::span<const KernelSegment> segments, std::uint64_t flags) = 0;
    // kexec_file_load(2). `initrd_fd` -1 for none (with KEXEC_FILE_NO_INITRAMFS). The command line goes over with its
    // NUL. For an unload, both descriptors are -1.
    virtual SysResult<> load_files(int kernel_fd, int initrd_fd, const std::string& command_line,
                                   std::uint64_t flags) = 0;
    // reboot(2) with LINUX_REBOOT_CMD_KEXEC. Comes back only when it failed.
    virtual SysResult<> start() = 0;
    virtual void sync_filesystems() = 0;

    // reboot(2) with LINUX_REBOOT_CMD_MULTIKERNEL: comes back. `cpu`: logical number of the boot CPU. Only for a kernel
    // that multikernel_dialect() knows.
    virtual SysResult<> start_instance(std::uint32_t id, std::uint32_t cpu) = 0;
    // reboot(2) with LINUX_REBOOT_CMD_MULTIKERNEL_HALT: asks the instance's kernel, and waits for it (30 s). Only for
    // multikernel kernels (the `native` dialect).
    virtual SysResult<> halt_instance(std::uint32_t id) = 0;
    // reboot(2) with LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT.
    virtual SysResult<> force_halt_instance(std::uint32_t id) = 0;
    // reboot(2) with LINUX_REBOOT_CMD_MULTIKERNEL as the first multikernel patches have it: the argument is the logical
    // number of a CPU. Other kernels would take that for an instance's id, so this is called only where the user says
    // which kernel runs.
    virtual SysResult<> start_on_cpu(std::uint32_t cpu) = 0;
    // One write(2) of `value` to the attribute `path`, relative to / ("sys/…"). A short write is EIO.
    virtual SysResult<> write_attribute(const std::string& path, std::string_view value) = 0;
    // rmdir(2) of `path`, relative to / ("sys/…"): what undoes a transaction of a multikernel kernel.
    virtual SysResult<> remove_folder(const std::string& path) = 0;
};

// The real thing. Made by main() only.
class RunningKernel final : public Kernel {
public:
    SysResult<> load(std::uint64_t entry, std::span<const KernelSegment> segments, std::uint64_t flags) override;
    SysResult<> load_files(int kernel_fd, int initrd_fd, const std::string& command_line, std::uint64_t flags) override;
    SysResult<> start() override;
    void sync_filesystems() override;
    SysResult<> start_instance(std::uint32_t id, std::uint32_t cpu) override;
    SysResult<> halt_instance(std::uint32_t id) override;
    SysResult<> force_halt_instance(std::uint32_t id) override;
    SysResult<> start_on_cpu(std::uint32_t cpu) override;
    SysResult<> write_attribute(const std::string& path, std::string_view value) override;
    SysResult<> remove_folder(const std::string& path) override;
};

} // namespace kx
