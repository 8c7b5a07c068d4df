// SPDX-License-Identifier: GPL-2.0-or-later
// Instances of a multikernel kernel are created, changed and removed; each change is looked at afterwards.
#include "multikernel/memory_choice.h"
#include "multikernel/overlay_content.h"
#include "multikernel/overlay_write.h"
#include "multikernel/spawn_checks.h"
#include "multikernel/spawn_cpus.h"
#include "multikernel/spawn_undo.h"
#include "multikernel/transaction.h"

#include <algorithm>

namespace kx {
namespace {

std::string text_of(const InstanceRequest& request) {
    const auto counted = [](std::size_t count, std::string_view what) {
        return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
    };
    std::string text = fmt::format("{}: {}, {}", request.name, counted(request.cpus.size(), "cpu"),
                                   size_argument(request.memory_size));
    return request.pci_devices.empty() ? text : text + ", " + counted(request.pci_devices.size(), "device");
}

SpawnInstance wished(const InstanceRequest& request) {
    return {.name = request.name,
            .id = request.id,
            .cpus = request.cpus,
            .memory = {{0, request.memory_size}},
            .devices = request.pci_devices};
}

// What a change makes of an instance or the pool; only the size of memory that is added is meant.
SpawnFacts expected_of(SpawnFacts facts, const ResourceChange& change) {
    const auto move = [](auto& list, const auto& removed, const auto& added) {
        for (const auto& one : removed)
            std::erase(list, one);
        list.insert(list.end(), added.begin(), added.end());
    };
    const auto names = [](const std::vector<DeviceRequest>& devices) {
        std::vector<std::string> list;
        for (const DeviceRequest& device : devices)
            list.push_back(device.pci_id);
        return list;
    };
    if (change.instance.empty()) {
        move(facts.pool.cpus, change.cpus_removed, change.cpus_added);
        move(facts.pool.devices, names(change.devices_removed), names(change.devices_added));
        std::erase_if(facts.pool.chunks, [&](const PoolChunk& chunk) {
            return std::ranges::count(change.memory_removed, chunk.range) != 0;
        });
        for (const MemoryRequest& memory : change.pool_memory_added)
            facts.pool.chunks.push_back({{0, memory.size}, memory.numa_node});
        return facts;
    }
    for (SpawnInstance& instance : facts.instances) {
        if (instance.name != change.instance)
            continue;
        move(instance.cpus, change.cpus_removed, change.cpus_added);
        move(instance.memory, change.memory_removed, change.memory_added);
        move(instance.devices, names(change.devices_removed), names(change.devices_added));
    }
    return facts;
}

void note_other_places(const InstanceControl& control, const ResourceChange& change, const SpawnFacts& now) {
    const SpawnInstance* instance = now.find(std::string_view(change.instance));
    if (!instance)
        return;
    for (const PhysRange& range : change.memory_added)
        if (std::ranges::count(instance->memory, range) == 0)
            control.notices.add(
                "instance {} got {} elsewhere than at {:#x}: the kernel chooses the place while it does "
                "not run",
                instance->name, size_argument(range.size()), range.begin);
}

Result<> refuse_in_use(const SpawnInstance& instance) {
    if (instance.status == "ready" || instance.status == "empty")
        return {};
    if (instance.active())
        return fail(Errc::unsupported, "instance {} ({}) is active: halt it first, then unload it", instance.id,
                    instance.name);
    return fail(Errc::unsupported, "instance {} ({}) is {}: unload it first", instance.id, instance.name,
                instance.status);
}

} // namespace

Result<SpawnInstance> create_instance(const InstanceControl& control, const InstanceRequest& request) {
    const auto before = KX_TRY(read_spawn_facts(control.files));
    KX_TRY(check_creation(request, before));
    const auto number = KX_TRY(apply_overlay(control, Overlay(text_of(request)).create(request)));

    const auto now = KX_TRY(read_spawn_facts(control.files));
    const SpawnInstance* made = now.find(std::string_view(request.name));
    SpawnFacts expected = before;
    expected.instances.push_back(wished(request));
    const ChangeScope scope{{request.name}, false};
    auto differing = differences(expected, now, scope);
    if (made && made->id != request.id)
        differing.push_back(fmt::format("its id is {}, not {}", made->id, request.id));
    if (made && differing.empty() && made->cpus != request.cpus)
        differing.push_back(fmt::format("its boot CPU is {}, not {}", shown_cpu(made->cpus.front(), now),
                                        shown_cpu(request.cpus.front(), now)));
    if (differing.empty() && made)
        return *made;
    const auto remains = undo_applied(control, number, before, scope);
    return fail(Errc::unsupported, "the kernel created instance {} ({}), and not as it was asked to: {}; {}. {}",
                request.id, request.name, fmt::join(differing, "; "), kernel_log_has_the_reason,
                restored_text(remains));
}

Result<> remove_instance(const InstanceControl& control, const SpawnInstance& instance) {
    const auto before = KX_TRY(read_spawn_facts(control.files));
    const SpawnInstance* found = before.find(std::string_view(instance.name));
    if (!found || found->id != instance.id)
        return fail(Errc::not_found, "instance {} ({}) is not there any more", instance.id, instance.name);
    KX_TRY(refuse_in_use(*found));
    (void)KX_TRY(apply_overlay(control, Overlay("remove " + instance.name).remove(instance.name)));
    const auto now = KX_TRY(read_spawn_facts(control.files));
    if (now.find(std::string_view(instance.name)))
        return fail(Errc::io, "instance {} ({}) is still there, although the kernel says that it removed it; {}",
                    instance.id, instance.name, kernel_log_has_the_reason);
    return {};
}

Result<> change_resources(const InstanceControl& control, const ResourceChange& change) {
    if (change.empty())
        return {};
    const auto before = KX_TRY(read_spawn_facts(control.files));
    KX_TRY(check_change(change, before, KX_TRY(read_online_cpus(control.files))));
    if (change.instance.empty() && !change.cpus_added.empty())
        KX_TRY(remember_cpus(control.run_root, control.files));
    Overlay overlay("change " + (change.instance.empty() ? "the pool" : change.instance));
    const auto number = KX_TRY(apply_overlay(control, overlay.change(change)));

    const auto now = KX_TRY(read_spawn_facts(control.files));
    const ChangeScope scope = scope_of(KX_TRY(parse_overlay(overlay.tree())));
    const auto differing = differences(expected_of(before, change), now, scope);
    if (!differing.empty()) {
        const auto remains = undo_applied(control, number, before, scope);
        return fail(Errc::unsupported, "the kernel took the change, and did not do all of it: {}; {}. {}",
                    fmt::join(differing, "; "), kernel_log_has_the_reason, restored_text(remains));
    }
    note_other_places(control, change, now);
    return {};
}

} // namespace kx
