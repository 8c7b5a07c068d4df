// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/system/errno_causes.h"

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

Causes native_load_causes(int error, const CallContext& context) {
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

Causes native_start_causes(int error, const CallContext& context) {
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

Causes native_halt_causes(Call call, int error, const CallContext& context) {
    switch (error) {
    case ENOENT:
        return {no_such_instance(context)};
    case EINVAL:
        return {{"it does not run", context.commands.list() + " shows it"}};
    case EBUSY:
        return {change_under_way};
    case ETIMEDOUT:
        return {{"its kernel did not stop within 30 s",
                 call == Call::halt_native
                     ? "stop it without asking: " + context.commands.halt_by_force(context.instance_id)
                     : "look at dmesg"}};
    default:
        return {};
    }
}

Causes v1_load_causes(int error) {
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

Causes v1_start_causes(int error, const CallContext& context) {
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

Causes multikernel_causes_of(Call call, int error, const CallContext& context) {
    if (error == ENOMEM && call != Call::load_native)
        return {{"the running kernel has too little free memory", "free memory"}};
    if (error == ENOSYS)
        return {{"this kernel has no kexec", "boot one that has"}};
    switch (call) {
    case Call::load_native:
        return native_load_causes(error, context);
    case Call::unload_native:
        return error == ENOENT  ? Causes{no_such_instance(context)}
               : error == EBUSY ? Causes{change_under_way}
                                : Causes{};
    case Call::start_native:
        return native_start_causes(error, context);
    case Call::halt_native:
    case Call::force_halt_native:
        return native_halt_causes(call, error, context);
    case Call::load_v1:
        return v1_load_causes(error);
    case Call::unload_v1:
        return error == EINVAL || error == EBUSY ? v1_load_causes(error) : Causes{};
    case Call::start_v1:
        return v1_start_causes(error, context);
    default:
        return {};
    }
}

} // namespace kx
