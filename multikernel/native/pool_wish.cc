// SPDX-License-Identifier: GPL-2.0-or-later
// The pool of a multikernel kernel: made by a baseline, changed by overlays.
#include "kexec/core/text.h"
#include "kexec/load/report.h"
#include "multikernel/core/requests.h"
#include "multikernel/ctl/commands/pool.h"
#include "multikernel/ctl/instance_changes.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/native/transaction.h"

#include <algorithm>

namespace kx::ctl {
namespace {

Result<std::vector<std::uint64_t>> physical(std::span<const CpuName> names, const MachineResources& machine) {
    std::vector<std::uint64_t> numbers;
    for (const CpuName& name : names) {
        const MachineCpu* cpu = machine.find(name);
        if (!cpu)
            return fail(Errc::not_found, "CPU {} does not exist here", text_of(name));
        numbers.push_back(cpu->physical);
    }
    return numbers;
}

DeviceRequest request_of(const DesiredDevice& device) {
    return {.name = device.name,
            .pci_id = device.pci_id,
            .vendor_id = device.vendor_id.value_or(0),
            .device_id = device.device_id.value_or(0),
            .platform_name = device.platform_name};
}

Result<std::string> make(const Change& change, const PoolWish& wish, const MachineResources& machine) {
    if (!wish.cpus_removed.empty() || wish.memory_removed || !wish.devices_removed.empty())
        return fail(Errc::unsupported, "there is no pool of which anything could be taken away");
    const std::uint64_t size = std::max(wish.size, wish.memory_added);
    if (size == 0 || wish.cpus.empty())
        return fail(Errc::usage, "there is no pool yet: it needs memory and CPUs to begin with: multikernelctl pool "
                                 "SIZE --cpus LIST");
    PoolRequest request{
        .cpus = KX_TRY(physical(wish.cpus, machine)), .memory = {{size, wish.numa_node}}, .devices = {}};
    DesiredPool pool{.cpus = wish.cpus, .memory = request.memory, .devices = wish.devices};
    KX_TRY(check_wish(change.session(), {.pool = pool, .instances = {}}, machine));
    for (const DesiredDevice& device : wish.devices)
        request.devices.push_back(request_of(device));
    if (change.dry_run()) {
        change.note(
            {"baseline", fmt::format("/{}/device_tree", multikernel_folder), device_tree_source(baseline_of(request))});
        return "";
    }
    KX_TRY(make_pool(change.control(), request));
    return fmt::format("the pool has {} and {} CPUs", size_text(size), request.cpus.size());
}

std::uint64_t largest(std::span<const PhysRange> ranges) {
    std::uint64_t size = 0;
    for (const PhysRange& range : ranges)
        size = std::max(size, range.size());
    return size;
}

Result<PhysRange> piece_at(const NativePool& pool, std::uint64_t address) {
    std::string there;
    for (const PoolChunk& chunk : pool.chunks) {
        if (chunk.range.begin == address)
            return chunk.range;
        there += fmt::format("{}{:#x}", there.empty() ? "" : ", ", chunk.range.begin);
    }
    return fail(Errc::not_found, "--remove-memory={:#x}: the pool's pieces begin at {}", address, there);
}

} // namespace

Result<std::string> change_native_pool(const Change& change, const PoolWish& wish, const MachineResources& machine) {
    if (!machine.pool_made)
        return make(change, wish, machine);
    const NativeFacts facts = KX_TRY(read_native_facts(change.session().files));
    ResourceChange resources;
    // What the kernel keeps of a piece counts: else a pool of SIZE would never be one.
    if (wish.size > largest(facts.free_memory()) + pool_park_size)
        resources.pool_memory_added.push_back({wish.size, wish.numa_node});
    if (wish.memory_added)
        resources.pool_memory_added.push_back({wish.memory_added, wish.numa_node});
    if (wish.memory_removed)
        resources.memory_removed.push_back(KX_TRY(piece_at(facts.pool, *wish.memory_removed)));
    for (const std::uint64_t cpu : KX_TRY(physical(wish.cpus, machine))) {
        if (std::ranges::find(facts.pool.cpus, cpu) == facts.pool.cpus.end())
            resources.cpus_added.push_back(cpu);
    }
    resources.cpus_removed = KX_TRY(physical(wish.cpus_removed, machine));
    for (const DesiredDevice& device : wish.devices) {
        const MachineDevice* known = machine.device(device.pci_id);
        if (!known || !known->pool)
            resources.devices_added.push_back(request_of(device));
    }
    for (const std::string& device : wish.devices_removed)
        resources.devices_removed.push_back({.pci_id = device});
    if (resources.empty())
        return "the pool has all of that already";
    const DesiredPool pool{.cpus = wish.cpus, .devices = wish.devices};
    if (pool.given())
        KX_TRY(check_wish(change.session(), {.pool = pool, .instances = {}}, machine));
    KX_TRY(change.settled(change_resources(change.control(), resources)));
    return "the pool was changed";
}

} // namespace kx::ctl
