// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/uapi/multikernel.h"
#include "kexec/core/byte_view.h"
#include "multikernel/core/requests.h"
#include "multikernel/ctl/change.h"

#include <cerrno>

namespace kx::ctl {
namespace {

std::string source_of(std::string_view blob) {
    const auto tree = parse_device_tree(ByteView(std::as_bytes(std::span(blob.data(), blob.size()))));
    return tree ? device_tree_source(*tree) : fmt::format("{} bytes that are no device tree", blob.size());
}

std::string hex(std::uint64_t value) {
    return fmt::format("{:#x}", value);
}

} // namespace

SysResult<> NotingKernel::cancel() {
    canceled = true;
    return std::unexpected(Errno{ECANCELED});
}

SysResult<> NotingKernel::load(std::uint64_t entry, std::span<const KernelSegment> segments, std::uint64_t flags) {
    steps.push_back({"call", "kexec_load", fmt::format("({}, {}, {})", hex(entry), segments.size(), hex(flags))});
    return real_ ? real_->load(entry, segments, flags) : SysResult<>{};
}

SysResult<> NotingKernel::load_files(int kernel_fd, int initrd_fd, const std::string& command_line,
                                     std::uint64_t flags) {
    steps.push_back({"call", "kexec_file_load",
                     fmt::format("({}, {}, \"{}\", {})", kernel_fd, initrd_fd, command_line, hex(flags))});
    return real_ ? real_->load_files(kernel_fd, initrd_fd, command_line, flags) : SysResult<>{};
}

SysResult<> NotingKernel::start() {
    steps.push_back({"call", "reboot", "(LINUX_REBOOT_CMD_KEXEC)"});
    return real_ ? real_->start() : SysResult<>{};
}

void NotingKernel::sync_filesystems() {
    if (real_)
        real_->sync_filesystems();
}

SysResult<> NotingKernel::start_instance(std::uint32_t id, std::uint32_t cpu) {
    steps.push_back({"call", "reboot",
                     fmt::format("({:#x}, {{mk_id {}, cpu {}}})", LINUX_REBOOT_CMD_MULTIKERNEL, id,
                                 static_cast<std::int32_t>(cpu))});
    return real_ ? real_->start_instance(id, cpu) : SysResult<>{};
}

SysResult<> NotingKernel::halt_instance(std::uint32_t id) {
    steps.push_back({"call", "reboot", fmt::format("({:#x}, {{mk_id {}}})", LINUX_REBOOT_CMD_MULTIKERNEL_HALT, id)});
    return real_ ? real_->halt_instance(id) : SysResult<>{};
}

SysResult<> NotingKernel::force_halt_instance(std::uint32_t id) {
    steps.push_back(
        {"call", "reboot", fmt::format("({:#x}, {{mk_id {}}})", LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT, id)});
    return real_ ? real_->force_halt_instance(id) : SysResult<>{};
}

SysResult<> NotingKernel::start_on_cpu(std::uint32_t cpu) {
    steps.push_back({"call", "reboot", fmt::format("({:#x}, {{cpu {}}})", LINUX_REBOOT_CMD_MULTIKERNEL, cpu)});
    return real_ ? real_->start_on_cpu(cpu) : SysResult<>{};
}

SysResult<> NotingKernel::write_attribute(const std::string& path, std::string_view value) {
    const bool multikernel = path.starts_with(multikernel_folder);
    const bool overlay = multikernel && path.ends_with("/overlays/new");
    const bool baseline = multikernel && path.ends_with("/device_tree");
    steps.push_back({overlay    ? "overlay"
                     : baseline ? "baseline"
                                : "attribute",
                     "/" + path, overlay || baseline ? source_of(value) : std::string(value)});
    if (real_)
        return real_->write_attribute(path, value);
    return multikernel ? cancel() : SysResult<>{};
}

SysResult<> NotingKernel::remove_folder(const std::string& path) {
    steps.push_back({"rmdir", "/" + path, ""});
    return real_ ? real_->remove_folder(path) : cancel();
}

} // namespace kx::ctl
