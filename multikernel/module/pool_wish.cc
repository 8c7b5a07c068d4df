// SPDX-License-Identifier: GPL-2.0-or-later
// The pool of a stock kernel: memory blocks and CPUs that are put offline.
#include "kexec/core/text.h"
#include "kexec/load/report.h"
#include "multikernel/ctl/commands/pool.h"
#include "multikernel/module/pool.h"

#include <algorithm>
#include <cstring>

namespace kx::ctl {
namespace {

std::string block_path(const MemoryBlock& block) {
    return fmt::format("/sys/devices/system/memory/memory{}/state", block.number);
}

Result<> grow(const Change& change, std::uint64_t size) {
    if (!change.dry_run())
        return grow_module_pool(change.control(), size);
    const auto runs = KX_TRY(module_pool_candidates(change.session().files, change.session().notices, size));
    if (runs.empty())
        return fail(Errc::no_room, "no run of memory blocks with {} in one piece can be put offline", size_text(size));
    if (std::ranges::any_of(runs, &std::vector<MemoryBlock>::empty))
        return {};
    for (const MemoryBlock& block : runs.front())
        change.note({"attribute", block_path(block), "offline"});
    return {};
}

// The CPUs that are to be switched, none of which is the boot CPU or an instance's.
Result<std::vector<MachineCpu>> switchable(std::span<const CpuName> names, bool online,
                                           const MachineResources& machine) {
    std::vector<MachineCpu> cpus;
    for (const CpuName& name : names) {
        const MachineCpu* cpu = machine.find(name);
        if (!cpu || !cpu->logical)
            return fail(Errc::not_found, "CPU {} does not exist here", kx::text_of(name));
        if (cpu->boot)
            return fail(Errc::unsupported, "CPU {} is the machine's boot CPU: it cannot be given away",
                        kx::text_of(*cpu));
        if (const InstanceShare* holder = machine.holder_of(cpu->physical); holder && online)
            return fail(Errc::unsupported, "CPU {} belongs to instance {} ({})", kx::text_of(*cpu), holder->id,
                        holder->name);
        if (cpu->pool == online)
            cpus.push_back(*cpu);
    }
    return cpus;
}

std::string online_path(const MachineCpu& cpu) {
    return fmt::format("sys/devices/system/cpu/cpu{}/online", *cpu.logical);
}

// All of them, or none: those that were switched are switched back.
Result<> put(const Change& change, std::span<const MachineCpu> cpus, bool online) {
    const InstanceControl control = change.control();
    for (std::size_t i = 0; i < cpus.size(); ++i) {
        const auto switched = control.kernel.write_attribute(online_path(cpus[i]), online ? "1" : "0");
        if (switched)
            continue;
        for (const MachineCpu& before : cpus.first(i)) {
            if (!control.kernel.write_attribute(online_path(before), online ? "0" : "1"))
                control.notices.add("CPU {} is left {}line", kx::text_of(before), online ? "on" : "off");
        }
        return fail(Errc::unsupported, "CPU {} could not be put {}line: {}", kx::text_of(cpus[i]),
                    online ? "on" : "off", std::strerror(switched.error().value));
    }
    return {};
}

} // namespace

Result<std::string> change_memory_blocks(const Change& change, const PoolWish& wish, const MachineResources& machine) {
    if (!wish.devices.empty() || !wish.devices_removed.empty())
        return fail(Errc::unsupported, "a stock kernel cannot give a device to an instance: leave the devices out");
    if (wish.memory_added)
        return fail(Errc::unsupported,
                    "--add-memory is for multikernel kernels; on a stock kernel say how much shall be "
                    "free in one piece: multikernelctl pool SIZE");
    if (wish.memory_removed || wish.numa_node)
        return fail(Errc::unsupported,
                    "on a stock kernel the memory blocks are chosen by themselves, and given back all "
                    "at once: --dissolve");
    const auto taken = KX_TRY(switchable(wish.cpus, false, machine));
    const auto returned = KX_TRY(switchable(wish.cpus_removed, true, machine));
    KX_TRY(put(change, taken, false));
    Result<> grown = put(change, returned, true);
    const bool were_returned = grown.has_value();
    if (grown && wish.size)
        grown = grow(change, wish.size);
    if (!grown) {
        if (were_returned)
            KX_TRY(put(change, returned, false));
        KX_TRY(put(change, taken, true));
        return std::unexpected(grown.error());
    }
    return "the pool has what was asked for";
}

Result<std::string> give_blocks_back(const Change& change) {
    const Session& session = change.session();
    if (change.dry_run()) {
        for (const MemoryBlock& block : KX_TRY(module_pool_to_give_back(session.files, session.notices)))
            change.note({"attribute", block_path(block), "online"});
        return "";
    }
    if (!KX_TRY(give_back_module_pool(change.control())))
        return fail(Errc::unsupported, "not all memory could be given back");
    for (const MachineCpu& cpu : KX_TRY(read_machine_resources(session.files, change.dialect())).cpus) {
        if (cpu.pool)
            session.notices.add("CPU {} stays offline: multikernelctl pool --remove-cpus={} brings it back",
                                kx::text_of(cpu), cpu.logical.value_or(0));
    }
    return "the memory that was taken for the pool is the running kernel's again";
}

} // namespace kx::ctl
