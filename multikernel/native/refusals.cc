// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/refusals.h"

#include <cerrno>

namespace kx {
namespace {

using Causes = std::vector<Cause>;

Cause no_such_instance(const CallContext& context) {
    return {"there is no such instance", context.commands.list() + " shows them"};
}
const Cause change_under_way{"another change of the instances is under way", "wait a moment and try again"};

// After these the instance has half an image (doc/multikernel-dialects.md).
constexpr const char* broken = "the instance is broken now: a load will be refused and an unload would take the kernel "
                               "down; only removing it and creating it again is safe";

// Removing it then stops the running kernel (doc/multikernel-dialects.md).
constexpr const char* lost = "leave the instance alone until the next boot: dropping its kernel or removing it would "
                             "take the running kernel down";

// A kernel that died before it was up is stopped by no halt.
Cause cpu_goes_on(const CallContext& context) {
    const std::string way_out =
        fmt::format("drop its kernel and remove it ({}, {}), then let the CPU leave the pool and join it again: {}",
                    context.commands.unload(context.instance_id), context.commands.remove(context.instance_id),
                    InstanceCommands::recover_cpu(context.cpu_words.empty() ? "N" : context.cpu_words));
    return {fmt::format("one of its CPUs ({}) did not stop when it was halted, as where its kernel had died before it "
                        "was up",
                        context.cpus),
            way_out};
}

// That it runs, or has no kernel, was looked at before the call.
Causes start_busy_causes(const CallContext& context) {
    return context.halted_by_force ? Causes{cpu_goes_on(context), change_under_way}
                                   : Causes{change_under_way, cpu_goes_on(context)};
}

Causes load_causes(int error, const CallContext& context) {
    switch (error) {
    case EINVAL:
        return {{"the kernel found the command line or the program headers wrong",
                 fmt::format("report it with the output of --dry-run and dmesg; it may be that {}", broken)},
                {"this kernel has no kexec_file_load for instances", "look at " + context.commands.check()}};
    case ENOENT:
        return {no_such_instance(context)};
    case EBUSY: // an image that its files tell of was refused before the call
        if (context.halted_by_force)
            return {cpu_goes_on(context), change_under_way};
        return {{"a load of it that failed half way has left it broken",
                 fmt::format("where the kernel's log (dmesg) tells of too little memory, {}; else remove it ({}) and "
                             "create it anew; never unload it",
                             lost, context.commands.remove(context.instance_id))},
                change_under_way};
    case ENOEXEC:
        return {
            {"the kernel does not take the file for a kernel of an instance (ELF64 with a multikernel note)", broken}};
    case ENOMEM:
        return {{"the memory that the instance was created with is too small for the kernel and its initrd", lost}};
    case EBADF:
        return {{"a file could not be read", broken}};
    case ETXTBSY:
        return {{"a program has the initrd open for writing", broken}};
    case EACCES:
    case EKEYREJECTED:
        return {{"this kernel loads only kernels that are signed, or that a security policy allows", broken}};
    case EFBIG:
    case EIO:
        return {{"the kernel could not read a file", broken}};
    case EINTR:
        return {{"a signal interrupted the kernel while it read the files", broken}};
    default: // nobody knows whether it is as bad as ENOMEM
        return {{"it is not known what this answer leaves behind", lost}};
    }
}

Causes start_causes(int error, const CallContext& context) {
    switch (error) {
    case EBUSY:
        return start_busy_causes(context);
    case EINVAL:
        return {{"it has no kernel, or no CPU", context.commands.list() + " shows it"}};
    case ETIMEDOUT:
        return {{fmt::format("the boot CPU of {} did not answer", context.cpus),
                 "look at dmesg and " + context.commands.list()}};
    default:
        return {};
    }
}

template <bool asked> Causes halt_causes(int error, const CallContext& context) {
    switch (error) {
    case ENOENT:
        return {no_such_instance(context)};
    case EINVAL:
        return {{"it does not run", context.commands.list() + " shows it"}};
    case EBUSY:
        return {change_under_way};
    case ETIMEDOUT:
        return {{"its kernel did not stop within 30 s",
                 asked
                     ? "stop it without asking: " + context.commands.halt_by_force(context.instance_id)
                     : "look at dmesg"}};
    default:
        return {};
    }
}

Causes unload_causes(int error, const CallContext& context) {
    return error == ENOENT  ? Causes{no_such_instance(context)}
           : error == EBUSY ? Causes{change_under_way}
                            : Causes{};
}

// What holds for every call, then what a call has of its own. ENOMEM of a load is no matter of the running kernel.
template <Causes (*own)(int, const CallContext&)> Causes causes(int error, const CallContext& context) {
    if (error == ENOSYS)
        return {{"this kernel has no kexec", "boot one that has"}};
    if (error == ENOMEM && own != load_causes)
        return {{"the running kernel has too little free memory", "free memory"}};
    return own(error, context);
}

} // namespace

bool untouched_by_load(Errno error) {
    return error.value == ENOENT || error.value == EBUSY || error.value == ENOSYS || error.value == EFAULT;
}

bool removable_after_load(Errno error) {
    if (untouched_by_load(error))
        return true;
    switch (error.value) {
    // The files are read and looked at before any of the instance's memory is given out.
    case EINVAL:
    case EPERM:
    case ENOEXEC:
    case EBADF:
    case ETXTBSY:
    case EACCES:
    case EKEYREJECTED:
    case EFBIG:
    case EIO:
    case EINTR:
        return true;
    default:
        return false;
    }
}

constinit const InstanceCall native_load_call{.name = "kexec_file_load with KEXEC_MULTIKERNEL",
                                              .system_call = "kexec_file_load",
                                              .counted = true,
                                              .causes = causes<load_causes>};
constinit const InstanceCall native_unload_call{.name = "unloading by kexec_file_load with KEXEC_MULTIKERNEL",
                                                .system_call = "kexec_file_load",
                                                .causes = causes<unload_causes>};
constinit const InstanceCall native_start_call{.name = "starting by reboot with LINUX_REBOOT_CMD_MULTIKERNEL",
                                               .system_call = "reboot",
                                               .causes = causes<start_causes>};
constinit const InstanceCall native_halt_call{
    .name = "asking it to stop, by reboot with LINUX_REBOOT_CMD_MULTIKERNEL_HALT,",
    .system_call = "reboot",
    .causes = causes<halt_causes<true>>};
constinit const InstanceCall native_force_halt_call{
    .name = "stopping by reboot with LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT",
    .system_call = "reboot",
    .causes = causes<halt_causes<false>>};

} // namespace kx
