// SPDX-License-Identifier: GPL-2.0-or-later
// The calls go through libc's syscall(): it is the one symbol that a test's preload has to replace.
#include "include/uapi/kexec.h"
#include "include/uapi/multikernel.h"
#include "kexec/system/kernel.h"

#include <cerrno>
#include <cstddef>
#include <limits>
#include <vector>

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kx {

namespace {

// struct kexec_segment of kexec_load(2).
struct WireSegment {
    const void* buffer;
    std::size_t buffer_size;
    std::uintptr_t memory; // physical
    std::size_t memory_size;
};
static_assert(sizeof(WireSegment) == 4 * sizeof(void*));

SysResult<> answer(long returned) {
    if (returned == 0)
        return {};
    return std::unexpected(Errno{errno});
}

SysResult<> reboot(unsigned command, void* argument) {
    return answer(syscall(SYS_reboot, static_cast<long>(uapi::reboot_magic1), static_cast<long>(uapi::reboot_magic2),
                          static_cast<unsigned long>(command), argument));
}

constexpr bool fits_a_word(std::uint64_t value) {
    return value <= std::numeric_limits<std::uintptr_t>::max();
}

} // namespace

SysResult<> RunningKernel::load(std::uint64_t entry, std::span<const KernelSegment> segments, std::uint64_t flags) {
#ifdef SYS_kexec_load
    std::vector<WireSegment> wire;
    wire.reserve(segments.size());
    for (const auto& segment : segments) {
        if (!fits_a_word(segment.memory.end))
            return std::unexpected(Errno{EADDRNOTAVAIL});
        wire.push_back({segment.bytes.bytes().data(), segment.bytes.bytes().size(),
                        static_cast<std::uintptr_t>(segment.memory.begin),
                        static_cast<std::size_t>(segment.memory.size())});
    }
    if (!fits_a_word(entry))
        return std::unexpected(Errno{EADDRNOTAVAIL});
    return answer(syscall(SYS_kexec_load, static_cast<unsigned long>(entry), static_cast<unsigned long>(wire.size()),
                          wire.empty() ? nullptr : wire.data(), static_cast<unsigned long>(flags)));
#else
    static_cast<void>(entry), static_cast<void>(segments), static_cast<void>(flags);
    return std::unexpected(Errno{ENOSYS});
#endif
}

SysResult<> RunningKernel::load_files(int kernel_fd, int initrd_fd, const std::string& command_line,
                                      std::uint64_t flags) {
#ifdef SYS_kexec_file_load
    const bool unload = (flags & uapi::kexec_file_unload) != 0;
    return answer(syscall(SYS_kexec_file_load, static_cast<long>(kernel_fd), static_cast<long>(initrd_fd),
                          unload ? 0ul : static_cast<unsigned long>(command_line.size() + 1),
                          unload ? nullptr : command_line.c_str(), static_cast<unsigned long>(flags)));
#else
    static_cast<void>(kernel_fd), static_cast<void>(initrd_fd), static_cast<void>(command_line);
    static_cast<void>(flags);
    return std::unexpected(Errno{ENOSYS});
#endif
}

SysResult<> RunningKernel::start() {
    // The command takes no argument, yet some kernels read one: it gets memory that may be read.
    long argument[8] = {};
    return reboot(uapi::reboot_cmd_kexec, argument);
}

SysResult<> RunningKernel::start_instance(std::uint32_t id, std::uint32_t cpu) {
    multikernel_boot_args argument{static_cast<mk_s32>(id), static_cast<mk_s32>(cpu)};
    return reboot(LINUX_REBOOT_CMD_MULTIKERNEL, &argument);
}

SysResult<> RunningKernel::halt_instance(std::uint32_t id) {
    multikernel_boot_args argument{static_cast<mk_s32>(id), -1};
    return reboot(LINUX_REBOOT_CMD_MULTIKERNEL_HALT, &argument);
}

SysResult<> RunningKernel::start_on_cpu(std::uint32_t cpu) {
    mk_s32 argument = static_cast<mk_s32>(cpu);
    return reboot(LINUX_REBOOT_CMD_MULTIKERNEL, &argument);
}

SysResult<> RunningKernel::force_halt_instance(std::uint32_t id) {
    multikernel_boot_args argument{static_cast<mk_s32>(id), -1};
    return reboot(LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT, &argument);
}

SysResult<> RunningKernel::write_attribute(const std::string& path, std::string_view value) {
    const int fd = ::open(("/" + path).c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return std::unexpected(Errno{errno});
    const ssize_t written = ::write(fd, value.data(), value.size());
    const int error = written < 0 ? errno : EIO;
    ::close(fd);
    if (written != static_cast<ssize_t>(value.size()))
        return std::unexpected(Errno{error});
    return {};
}

SysResult<> RunningKernel::remove_folder(const std::string& path) {
    return answer(::rmdir(("/" + path).c_str()));
}

void RunningKernel::sync_filesystems() {
    ::sync();
}

} // namespace kx
