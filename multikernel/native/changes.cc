// SPDX-License-Identifier: GPL-2.0-or-later
// Instances of a multikernel kernel are created, changed and removed; each change is looked at afterwards.
#include "kexec/core/text.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/checks.h"
#include "multikernel/native/history.h"
#include "multikernel/native/overlay_content.h"
#include "multikernel/native/overlay_write.h"
#include "multikernel/native/transaction.h"
#include "multikernel/native/undo.h"
#include "multikernel/records/known_cpus.h"

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

NativeInstance wished(const InstanceRequest& request) {
    return {.name = request.name,
            .id = request.id,
            .cpus = request.cpus,
            .memory = {{0, request.memory_size}},
            .devices = request.pci_devices};
}

// What a change makes of an instance or the pool; only the size of memory that is added is meant.
NativeFacts expected_of(NativeFacts facts, const ResourceChange& change) {
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
    for (NativeInstance& instance : facts.instances) {
        if (instance.name != change.instance)
            continue;
        move(instance.cpus, change.cpus_removed, change.cpus_added);
        move(instance.memory, change.memory_removed, change.memory_added);
        move(instance.devices, names(change.devices_removed), names(change.devices_added));
    }
    return facts;
}

void note_other_places(const InstanceControl& control, const ResourceChange& change, const NativeFacts& now) {
    const NativeInstance* instance = now.find(std::string_view(change.instance));
    if (!instance)
        return;
    for (const PhysRange& range : change.memory_added)
        if (std::ranges::count(instance->memory, range) == 0)
            control.notices.add(
                "instance {} got {} elsewhere than at {:#x}: the kernel chooses the place while it does "
                "not run",
                instance->name, size_argument(range.size()), range.begin);
}

// A kernel that runs uses the range that was named, whatever was booked for it.
Result<> refuse_other_place(const ResourceChange& change, const NativeFacts& before, const NativeFacts& now) {
    const NativeInstance* old = before.find(std::string_view(change.instance));
    const NativeInstance* instance = now.find(std::string_view(change.instance));
    if (!old || !old->active() || !instance)
        return {};
    for (const PhysRange& range : change.memory_added)
        if (std::ranges::count(instance->memory, range) == 0)
            return fail(Errc::io,
                        "instance {} ({}) was told of {:#x}-{:#x}, and the kernel booked other memory for it: two "
                        "kernels may use the same memory. Halt it now, and create no instance before the next boot",
                        instance->id, instance->name, range.begin, range.end - 1);
    return {};
}

void keep_added(const InstanceControl& control, const ResourceChange& change, const NativeFacts& before,
                const NativeFacts& now) {
    const NativeInstance* instance = now.find(std::string_view(change.instance));
    const NativeInstance* old = before.find(std::string_view(change.instance));
    if (!instance || !old || (change.memory_added.empty() && change.memory_removed.empty()))
        return;
    NativeRecord record = native_record_of(control, *instance);
    record.added = old->added;
    for (const PhysRange& range : change.memory_removed) {
        std::erase(record.added, range);
        std::erase(record.taken, range);
        record.taken.push_back(range);
    }
    for (const PhysRange& piece : instance->memory)
        if (std::ranges::count(old->memory, piece) == 0)
            record.added.push_back(piece);
    if (const auto written = write_native_record(control.run_root, record); !written)
        control.notices.add("{}; which memory was added to instance {} is not kept", written.error().message,
                            instance->name);
}

// Some pages more than were asked for, since pieces are rounded up, are as good as that.
void accept_size(NativeFacts& expected, const NativeInstance* made, const InstanceRequest& request) {
    if (made && made->told_size == request.memory_size)
        expected.instances.back().memory = {{0, total_size(made->memory)}};
}

} // namespace

void note_lost(const InstanceControl& control, const NativeInstance& instance) {
    if (instance.busy_after_halt)
        control.notices.add(
            "instance {} ({}): its kernel went on when it was halted by force: the {} of memory that it "
            "had are lost until the next boot. Its CPU comes back by {}",
            instance.id, instance.name, size_argument(total_size(instance.memory)),
            InstanceCommands::recover_cpu(fmt::format("apic:{:#x}", fmt::join(instance.cpus, ",apic:"))));
    else if (instance.halted_by_force)
        control.notices.add("instance {} ({}) was halted by force and not started since: where a CPU of it went on, "
                            "its memory is lost until the next boot",
                            instance.id, instance.name);
}

Result<NativeInstance> create_instance(const InstanceControl& control, const InstanceRequest& request) {
    const auto before = KX_TRY(read_native_facts(control));
    KX_TRY(check_creation(request, before));
    const auto number = KX_TRY(apply_overlay(control, Overlay(text_of(request)).create(request)));

    const auto now = KX_TRY(read_native_facts(control));
    const NativeInstance* made = now.find(std::string_view(request.name));
    NativeFacts expected = before;
    expected.instances.push_back(wished(request));
    accept_size(expected, made, request);
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

std::vector<Overlay> removal_overlays(const NativeInstance& instance) {
    std::vector<Overlay> overlays;
    if (!instance.added.empty())
        overlays.push_back(
            Overlay("change " + instance.name).change({.instance = instance.name, .memory_removed = instance.added}));
    overlays.push_back(Overlay("remove " + instance.name).remove(instance.name));
    return overlays;
}

Result<> take_added_memory(const InstanceControl& control, const NativeInstance& instance) {
    if (instance.added.empty())
        return {};
    const auto taken = change_resources(control, {.instance = instance.name, .memory_removed = instance.added});
    if (taken)
        return {};
    return fail(taken.error().code,
                "instance {} ({}) stays: the {} that were added to it could not be taken back first, and would be lost "
                "with it: {}",
                instance.id, instance.name, size_argument(total_size(instance.added)), taken.error().message);
}

Result<> remove_instance(const InstanceControl& control, const NativeInstance& instance) {
    const auto before = KX_TRY(read_native_facts(control));
    const NativeInstance* found = before.find(std::string_view(instance.name));
    if (!found || found->id != instance.id)
        return fail(Errc::not_found, "instance {} ({}) is not there any more", instance.id, instance.name);
    KX_TRY(check_removal(*found));
    KX_TRY(take_added_memory(control, *found));
    (void)KX_TRY(apply_overlay(control, Overlay("remove " + instance.name).remove(instance.name)));
    const auto now = KX_TRY(read_native_facts(control));
    if (now.find(std::string_view(instance.name)))
        return fail(Errc::io, "instance {} ({}) is still there, although the kernel says that it removed it; {}",
                    instance.id, instance.name, kernel_log_has_the_reason);
    note_lost(control, *found);
    return remove_native_record(control.run_root, instance.id);
}

Result<> change_resources(const InstanceControl& control, const ResourceChange& change) {
    if (change.empty())
        return {};
    const auto before = KX_TRY(read_native_facts(control));
    KX_TRY(check_change(change, before, KX_TRY(read_online_cpus(control.files))));
    if (change.instance.empty() && !change.cpus_added.empty())
        KX_TRY(remember_cpus(control.run_root, control.files));
    Overlay overlay("change " + (change.instance.empty() ? "the pool" : change.instance));
    const auto number = KX_TRY(apply_overlay(control, overlay.change(change)));

    const auto now = KX_TRY(read_native_facts(control));
    const ChangeScope scope = scope_of(KX_TRY(parse_overlay(overlay.tree())));
    const auto differing = differences(expected_of(before, change), now, scope);
    if (!differing.empty()) {
        const auto remains = undo_applied(control, number, before, scope);
        return fail(Errc::unsupported, "the kernel took the change, and did not do all of it: {}; {}. {}",
                    fmt::join(differing, "; "), kernel_log_has_the_reason, restored_text(remains));
    }
    keep_added(control, change, before, now);
    KX_TRY(refuse_other_place(change, before, now));
    note_other_places(control, change, now);
    return {};
}

} // namespace kx
