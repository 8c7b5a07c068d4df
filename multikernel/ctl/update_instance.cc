// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/text.h"
#include "kexec/load/report.h"
#include "multikernel/core/requests.h"
#include "multikernel/ctl/instance_changes.h"
#include "multikernel/native/checks.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/native/history.h"
#include "multikernel/native/overlay_write.h"
#include "multikernel/native/transaction.h"
#include "multikernel/placed/memory_choice.h"
#include "multikernel/placed/memory_pool.h"
#include "multikernel/records/definition.h"

#include <algorithm>

namespace kx::ctl {
namespace {

bool has_image(const InstanceView& instance) {
    return instance.status == "loaded" || instance.status == "active" || instance.status == "halted";
}

// What it was created with stays: the kernel goes on to load images there.
Result<std::vector<PhysRange>> taken_from_added(const InstanceView& instance, std::uint64_t size) {
    if (size >= total_size(instance.memory))
        return fail(Errc::usage,
                    "an instance needs some memory: not all of it can be taken away (of what it was created "
                    "with, nothing can)");
    if (const auto pieces = last_pieces_of(instance.added, size))
        return *pieces;
    std::string there;
    for (const PhysRange& piece : instance.added)
        there += fmt::format("{}{}", there.empty() ? "" : ", ", size_argument(piece.size()));
    return fail(Errc::unsupported,
                "{}: only what was added to it can be taken back, in whole pieces, and nothing of what it was created "
                "with: {} was added. Delete it and create it again with less",
                instance.shown(), there.empty() ? "nothing" : there);
}

// The first free range: the kernel takes that one, whatever was named.
Result<PhysRange> more_memory(const InstanceView& instance, std::uint64_t size, std::span<const PhysRange> free) {
    if (const auto first = first_free(size, free))
        return *first;
    return fail(Errc::no_room, "{}: {} more in one piece are not free in the pool ({} are free in all)",
                instance.shown(), size_text(size), size_text(total_size(free)));
}

Result<> refuse_in_use(const InstanceView& instance, const InstanceUpdate& update) {
    if (!has_image(instance))
        return {};
    const std::string_view what = update.memory_removed                                  ? "memory"
                                  : !update.cpus_removed.empty() && instance.active()    ? "CPUs"
                                  : !update.devices_removed.empty() && instance.active() ? "devices"
                                                                                         : "";
    if (!what.empty())
        return fail(Errc::unsupported, "{} is {}: its kernel may be using the {} that would be taken away; {} it first",
                    instance.shown(), instance.status, what, instance.active() ? "halt" : "unload");
    return {};
}

Result<> refuse_loss_of_boot_cpu(const InstanceView& instance, const InstanceUpdate& update) {
    const auto removed = [&](const NamedCpu& cpu) {
        return std::ranges::find(update.cpus_removed, cpu.physical, &MachineCpu::physical) != update.cpus_removed.end();
    };
    if (instance.cpus.empty() || update.cpus_removed.empty())
        return {};
    if (std::ranges::all_of(instance.cpus, removed) && update.cpus_added.empty())
        return fail(Errc::usage, "{} would be left without a CPU", instance.shown());
    if (has_image(instance) && removed(instance.cpus.front()))
        return fail(Errc::unsupported, "{} is {}, and CPU {} is its boot CPU: unload it first", instance.shown(),
                    instance.status, text_of(std::span(instance.cpus).first(1)));
    return {};
}

Result<> update_native(const Change& change, const InstanceView& instance, const InstanceUpdate& update,
                       const MachineResources& machine) {
    ResourceChange wish{.instance = instance.name};
    for (const MachineCpu& cpu : update.cpus_added)
        wish.cpus_added.push_back(cpu.physical);
    for (const MachineCpu& cpu : update.cpus_removed)
        wish.cpus_removed.push_back(cpu.physical);
    if (update.memory_added)
        wish.memory_added = {KX_TRY(more_memory(instance, update.memory_added, machine.free_memory()))};
    if (update.memory_removed)
        wish.memory_removed = KX_TRY(taken_from_added(instance, update.memory_removed));
    for (const std::string& device : update.devices_added)
        wish.devices_added.push_back({.pci_id = device});
    for (const std::string& device : update.devices_removed)
        wish.devices_removed.push_back({.pci_id = device});
    if (instance.active() && update.memory_added % memory_block_size)
        change.session().notices.add("{} runs, and its kernel may take whole blocks of {} only", instance.shown(),
                                     size_argument(memory_block_size));
    if (instance.active())
        change.session().notices.add("{} runs: whether its kernel takes what is added into use is up to that kernel",
                                     instance.shown());
    return change.settled(change_resources(change.control(), wish));
}

Result<InstanceDefinition> definition_of(const Change& change, const InstanceView& instance) {
    for (InstanceDefinition& definition : KX_TRY(read_definitions(change.session().files))) {
        if (definition.id == instance.id)
            return std::move(definition);
    }
    return fail(Errc::not_found, "{} has no definition: it was loaded without one", instance.shown());
}

Result<> update_definition(const Change& change, const InstanceView& instance, const InstanceUpdate& update,
                           const MachineResources& machine) {
    if (has_image(instance))
        return fail(
            Errc::unsupported,
            "{} is {}: on a stock kernel the load settles CPUs and memory; unload it, update, and load it again",
            instance.shown(), instance.status);
    if (!update.devices_added.empty() || !update.devices_removed.empty())
        return fail(Errc::unsupported, "a stock kernel cannot give a device to an instance");
    InstanceDefinition definition = KX_TRY(definition_of(change, instance));
    std::erase_if(definition.cpus, [&](const Cpu& cpu) {
        return std::ranges::find(update.cpus_removed, std::uint64_t{cpu.physical}, &MachineCpu::physical) !=
               update.cpus_removed.end();
    });
    for (const MachineCpu& cpu : update.cpus_added)
        definition.cpus.push_back({cpu.logical.value_or(0), static_cast<std::uint32_t>(cpu.physical)});
    if (update.memory_added || update.memory_removed) {
        const std::uint64_t now = definition.memory.size() + update.memory_added;
        if (update.memory_removed >= now)
            return fail(Errc::usage, "an instance needs some memory: not all of it can be taken away");
        std::vector<PhysRange> taken;
        for (const InstanceShare& share : machine.instances) {
            if (share.id != instance.id)
                taken.insert(taken.end(), share.memory.begin(), share.memory.end());
        }
        taken = normalized(std::move(taken));
        Notices unused;
        const auto pool = KX_TRY(read_memory_pool(change.session().files, unused));
        const std::uint64_t size = now - update.memory_removed;
        auto same_place = choose_memory({size, definition.memory.begin}, pool, taken);
        definition.memory = same_place ? *same_place : KX_TRY(choose_memory({size, {}}, pool, taken));
    }
    return change.define(definition);
}

} // namespace

bool InstanceUpdate::empty() const {
    return cpus_added.empty() && cpus_removed.empty() && memory_added == 0 && memory_removed == 0 &&
           devices_added.empty() && devices_removed.empty();
}

Result<> check_update(const InstanceView& instance, const InstanceUpdate& update) {
    if (update.empty())
        return {};
    if (instance.dialect == MultikernelDialect::module && has_image(instance))
        return fail(Errc::unsupported,
                    "{} is {}: on a stock kernel the load settles CPUs and memory; unload it, update, and load it "
                    "again",
                    instance.shown(), instance.status);
    if (!instance.left_alone.empty())
        return fail(Errc::unsupported, "{}: {}; leave it alone until the next boot", instance.shown(),
                    instance.left_alone);
    KX_TRY(refuse_loss_of_boot_cpu(instance, update));
    return refuse_in_use(instance, update);
}

Result<> update_instance(const Change& change, const InstanceView& instance, const InstanceUpdate& update,
                         const MachineResources& machine) {
    if (update.empty())
        return {};
    KX_TRY(check_update(instance, update));
    return change.dialect() == MultikernelDialect::module ? update_definition(change, instance, update, machine)
                                                          : update_native(change, instance, update, machine);
}

Result<> delete_instance(const Change& change, const InstanceView& instance) {
    if (has_image(instance))
        return fail(Errc::unsupported, "{} is {}: {} it first: multikernelctl {} {}", instance.shown(), instance.status,
                    instance.active() ? "halt and unload" : "unload", instance.active() ? "halt" : "unload",
                    instance.id);
    if (change.dialect() == MultikernelDialect::module)
        return change.undefine(instance.name);
    const NativeFacts facts = KX_TRY(read_native_facts(change.control()));
    const NativeInstance* found = facts.find(instance.id);
    if (!found)
        return fail(Errc::not_found, "{} is gone meanwhile", instance.shown());
    if (change.dry_run()) {
        KX_TRY(check_removal(*found));
        for (const Overlay& overlay : removal_overlays(*found))
            change.note({"overlay", fmt::format("/{}", new_overlay_path), device_tree_source(overlay.tree())});
        return {};
    }
    return change.settled(remove_instance(change.control(), *found));
}

} // namespace kx::ctl
