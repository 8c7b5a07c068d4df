// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/module/refusals.h"

#include <cerrno>

namespace kx {
namespace {

using Causes = std::vector<Cause>;

const Cause sleeps_or_reboots{"the machine is about to suspend or to reboot", "try again when it is awake"};

Cause cpus_come_back(const CallContext& context) {
    return {"its CPUs are on their way back to the running kernel",
            "wait a moment: " + context.commands.list() + " shows whether they are back"};
}

Causes load_causes(int error, const CallContext& context) {
    switch (error) {
    case EEXIST:
        return {{"there is an image of this id already",
                 "choose another id, or drop it: " + context.commands.unload(context.instance_id)}};
    case EADDRNOTAVAIL:
        return {{"a segment lies in memory that the running kernel uses",
                 "reserve memory at boot (memmap=SIZE$ADDR) or put memory blocks offline: " +
                     context.commands.grow_pool()}};
    case EBUSY:
        return {{"a segment lies in the memory of another instance", "choose other memory with --memory"},
                sleeps_or_reboots};
    case EINVAL:
        return {{"the module found the segments wrong", "report it with the output of --dry-run and dmesg"}};
    default:
        return segment_copy_causes(error);
    }
}

Causes unload_causes(int error, const CallContext& context) {
    switch (error) {
    case EBUSY:
        return {{"it is running", "stop it first: " + context.commands.halt(context.instance_id)},
                cpus_come_back(context),
                sleeps_or_reboots};
    case ENOENT:
        return {{"there is no such instance", context.commands.list() + " shows them"}};
    default:
        return {};
    }
}

enum class Assigned { memory, cpus };

template <Assigned assigned> Causes assign_causes(int error, const CallContext& context) {
    switch (error) {
    case EBUSY:
        return {assigned == Assigned::memory
                    ? Cause{"the memory belongs to another instance", "choose other memory"}
                    : Cause{fmt::format("one of {} belongs to another instance", context.cpus), "choose other CPUs"},
                {"another program started it meanwhile", context.commands.list() + " shows it"}};
    case EADDRNOTAVAIL:
        return {{"the running kernel uses some of that memory", "choose other memory with --memory"}};
    case ENODEV:
        if (assigned == Assigned::cpus)
            return {{fmt::format("one of {} does not exist", context.cpus), "choose other CPUs"}};
        [[fallthrough]];
    case ENOENT:
        return {{"another program changed it meanwhile", "look with " + context.commands.list() + " and try again"}};
    default:
        return {};
    }
}

Causes start_causes(int error, const CallContext& context) {
    switch (error) {
    case EBUSY:
        return {{fmt::format("one of {} is online or belongs to another instance", context.cpus),
                 "take it offline: echo 0 > /sys/devices/system/cpu/cpuN/online"},
                {"it is running already", context.commands.list() + " shows it"},
                {"one of its CPUs is logical CPU 0, which stays with the running kernel", "load it for other CPUs"},
                cpus_come_back(context),
                sleeps_or_reboots};
    case EIO:
        return {{fmt::format("the boot CPU of {} did not answer the start signal (INIT, SIPI)", context.cpus),
                 "look at dmesg; the instance is as it was, and may be tried again or unloaded"}};
    case EINVAL:
        return {{"nothing is loaded under this id, or it was started before and its memory is used up",
                 "drop it and load it again: " + context.commands.unload(context.instance_id)}};
    case ENODEV:
        return {{fmt::format("one of {} does not exist", context.cpus), "load it for other CPUs"}};
    default:
        return {};
    }
}

Causes halt_causes(int error, const CallContext& context) {
    switch (error) {
    case ENOENT:
        return {{"there is no such instance", context.commands.list() + " shows them"}};
    case EBUSY:
        return {cpus_come_back(context)};
    case EINVAL:
        return {{"it was never started", "drop it: " + context.commands.unload(context.instance_id)}};
    case EIO:
        return {{"one of its CPUs does not answer to INIT, as when virtualization (KVM) is on in the second kernel",
                 "unload KVM there, or power that kernel off from within, and try again"}};
    default:
        return {};
    }
}

// What holds for every call, then what a call has of its own.
template <Causes (*own)(int, const CallContext&)> Causes causes(int error, const CallContext& context) {
    if (error == ENOMEM)
        return {{"the running kernel has too little free memory for its own notes of the instance", "free memory"}};
    if (error == ENOSYS)
        return {{"the module was removed, or this kernel has no kexec", "load multikernel.ko"}};
    return own(error, context);
}

} // namespace

constinit const InstanceCall module_load_call{.name = "kexec_load with KEXEC_MULTIKERNEL",
                                              .system_call = "kexec_load",
                                              .counted = true,
                                              .causes = causes<load_causes>};
constinit const InstanceCall module_unload_call{.name = "unloading by kexec_load with KEXEC_MULTIKERNEL",
                                                .system_call = "kexec_load",
                                                .counted = true,
                                                .causes = causes<unload_causes>};
constinit const InstanceCall module_memory_call{.name = "assigning the memory",
                                                .system_call = "write",
                                                .needs_no_lockdown = false,
                                                .causes = causes<assign_causes<Assigned::memory>>};
constinit const InstanceCall module_cpus_call{.name = "assigning the CPUs",
                                              .system_call = "write",
                                              .needs_no_lockdown = false,
                                              .needs_first_threads = true,
                                              .causes = causes<assign_causes<Assigned::cpus>>};
constinit const InstanceCall module_start_call{.name = "starting by reboot with LINUX_REBOOT_CMD_MULTIKERNEL",
                                               .system_call = "reboot",
                                               .needs_first_threads = true,
                                               .causes = causes<start_causes>};
constinit const InstanceCall module_halt_call{.name = "stopping by reboot with LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT",
                                              .system_call = "reboot",
                                              .causes = causes<halt_causes>};

} // namespace kx
