// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/v1/refusals.h"

#include <cerrno>

namespace kx {
namespace {

using Causes = std::vector<Cause>;

Causes load_causes(int error, const CallContext&) {
    switch (error) {
    case EINVAL:
        return {{"this kernel does not know the multikernel flag of kexec_load",
                 "--mk-abi=v1 is for kernels with the first multikernel patches only"},
                {"the kernel found the segments wrong", "report it with the output of --dry-run and dmesg"}};
    case EBUSY:
        return {{"there are ten images already, or another load is under way",
                 "kexec -u --multikernel=all --mk-abi=v1 drops all images"}};
    case EADDRNOTAVAIL:
        return {{"a segment lies outside the memory that may be loaded to", "choose other memory with --memory"}};
    default:
        return segment_copy_causes(error);
    }
}

Causes start_causes(int error, const CallContext& context) {
    switch (error) {
    case EBUSY:
        return {{fmt::format("CPU {} is online", context.cpus),
                 "take it offline: echo 0 > /sys/devices/system/cpu/cpuN/online"}};
    case EINVAL:
        return {{"nothing is loaded", "load a kernel first: kexec -l --multikernel --mk-abi=v1 KERNEL"},
                {"this kernel does not have the first multikernel patches", "look at kexec --check"}};
    case ENODEV:
        return {{fmt::format("there is no CPU {}", context.cpus), "choose another"}};
    case EIO:
    case ETIMEDOUT:
        return {{fmt::format("CPU {} did not answer", context.cpus), "look at dmesg"}};
    default:
        return {};
    }
}

Causes unload_causes(int error, const CallContext& context) {
    return error == EINVAL || error == EBUSY ? load_causes(error, context) : Causes{};
}

// What holds for every call, then what a call has of its own.
template <Causes (*own)(int, const CallContext&)> Causes causes(int error, const CallContext& context) {
    if (error == ENOMEM)
        return {{"the running kernel has too little free memory", "free memory"}};
    if (error == ENOSYS)
        return {{"this kernel has no kexec", "boot one that has"}};
    return own(error, context);
}

} // namespace

constinit const InstanceCall v1_load_call{.name = "kexec_load with KEXEC_MULTIKERNEL (v1)",
                                          .system_call = "kexec_load",
                                          .causes = causes<load_causes>};
constinit const InstanceCall v1_unload_call{.name = "dropping all images by kexec_load with KEXEC_MULTIKERNEL (v1)",
                                            .system_call = "kexec_load",
                                            .causes = causes<unload_causes>};
constinit const InstanceCall v1_start_call{.name = "starting by reboot with LINUX_REBOOT_CMD_MULTIKERNEL (v1)",
                                           .system_call = "reboot",
                                           .causes = causes<start_causes>};

} // namespace kx
