// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/undo.h"

#include "kexec/core/text.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/checks.h"
#include "multikernel/native/history.h"
#include "multikernel/native/overlay_write.h"

#include <algorithm>

namespace kx {
namespace {

// Of the overlays that undo. Programs like this one take turns: those that appear meanwhile are its own.
constexpr std::string_view undo_text = "undo";

template <typename T> std::vector<T> without(const std::vector<T>& from, const std::vector<T>& removed) {
    std::vector<T> rest;
    for (const T& one : from)
        if (std::ranges::find(removed, one) == removed.end())
            rest.push_back(one);
    return rest;
}

template <typename T> std::vector<T> sorted(std::vector<T> list) {
    std::ranges::sort(list);
    return list;
}

std::vector<std::string> pci_of(const std::vector<std::string>& devices) {
    std::vector<std::string> pci;
    std::ranges::copy_if(devices, std::back_inserter(pci),
                         [](const std::string& name) { return name.find(':') != name.npos; });
    return pci;
}

// All of the pool, those of instances among them.
std::vector<std::string> pool_devices(const NativeFacts& facts) {
    std::vector<std::string> devices = facts.pool.devices;
    for (const NativeInstance& instance : facts.instances)
        devices.insert(devices.end(), instance.devices.begin(), instance.devices.end());
    return sorted(std::move(devices));
}

std::vector<PhysRange> ranges_of(const NativePool& pool) {
    std::vector<PhysRange> ranges;
    for (const PoolChunk& chunk : pool.chunks)
        ranges.push_back(chunk.range);
    return ranges;
}

std::vector<DeviceRequest> requests_for(const std::vector<std::string>& devices) {
    std::vector<DeviceRequest> requests;
    for (const std::string& name : pci_of(devices))
        requests.push_back({.pci_id = name});
    return requests;
}

std::string cpus_text(const std::vector<std::uint64_t>& cpus) {
    return cpus.empty() ? "none" : fmt::format("apic {:#x}", fmt::join(cpus, ", apic "));
}

std::string devices_text(const std::vector<std::string>& devices) {
    return devices.empty() ? "none" : fmt::format("{}", fmt::join(devices, ", "));
}

// Before there is a pool, its "CPUs" are the kernel's own.
std::vector<std::uint64_t> pool_cpus(const NativeFacts& facts) {
    return facts.pool.made() ? facts.pool.cpus : std::vector<std::uint64_t>();
}

struct Holdings {
    std::vector<std::uint64_t> cpus;
    std::uint64_t memory = 0;
    std::vector<std::string> devices;
};

void compare(std::string_view who, const Holdings& before, const Holdings& now, std::vector<std::string>& list) {
    if (sorted(before.cpus) != sorted(now.cpus))
        list.push_back(fmt::format("{} has the CPUs {}, not {}", who, cpus_text(now.cpus), cpus_text(before.cpus)));
    if (before.memory != now.memory)
        list.push_back(fmt::format("{} has {}, not {}", who, size_argument(now.memory), size_argument(before.memory)));
    if (sorted(before.devices) != sorted(now.devices))
        list.push_back(
            fmt::format("{} has the devices {}, not {}", who, devices_text(now.devices), devices_text(before.devices)));
}

Holdings holdings_of(const NativeInstance& instance) {
    return {instance.cpus, total_size(instance.memory), instance.devices};
}

bool touches(const OverlayContent& content, const std::string& name) {
    return content.creates(name) || std::ranges::find(content.removed, name) != content.removed.end() ||
           std::ranges::find(content.changes, name, &ResourceChange::instance) != content.changes.end();
}

// By transactions that were applied after `before`.
std::vector<OverlayContent> changes_of_others(const NativeFacts& before, const NativeFacts& now,
                                              std::span<const std::uint32_t> own) {
    const std::uint32_t last = before.transactions.empty() ? 0 : before.transactions.back().number;
    std::vector<OverlayContent> contents;
    for (const Transaction& transaction : now.transactions) {
        if (transaction.number <= last || transaction.status != "applied" || transaction.resources == undo_text ||
            std::ranges::find(own, transaction.number) != own.end())
            continue;
        const auto tree = parse_device_tree(ByteView(transaction.blob));
        if (auto content = tree ? parse_overlay(*tree) : std::unexpected(tree.error()))
            contents.push_back(*std::move(content));
    }
    return contents;
}

ResourceChange way_back(const NativeInstance& before, const NativeInstance& now) {
    ResourceChange change{.instance = now.name};
    change.cpus_removed = without(now.cpus, before.cpus);
    change.cpus_added = without(before.cpus, now.cpus);
    change.memory_removed = without(now.memory, before.memory);
    change.memory_added = without(before.memory, now.memory);
    change.devices_removed = requests_for(without(now.devices, before.devices));
    change.devices_added = requests_for(without(before.devices, now.devices));
    return change;
}

ResourceChange pool_way_back(const NativeFacts& before, const NativeFacts& now) {
    ResourceChange change;
    change.cpus_removed = without(pool_cpus(now), pool_cpus(before));
    change.cpus_added = without(pool_cpus(before), pool_cpus(now));
    change.memory_removed = without(ranges_of(now.pool), ranges_of(before.pool));
    for (const PoolChunk& chunk : before.pool.chunks)
        if (std::ranges::count(ranges_of(now.pool), chunk.range) == 0)
            change.pool_memory_added.push_back({chunk.range.size(), chunk.numa_node});
    change.devices_removed = requests_for(without(pool_devices(now), pool_devices(before)));
    change.devices_added = requests_for(without(pool_devices(before), pool_devices(now)));
    return change;
}

} // namespace

ChangeScope scope_of(const OverlayContent& content) {
    return {content.instances(), content.touches_pool()};
}

std::vector<std::string> differences(const NativeFacts& before, const NativeFacts& now, const ChangeScope& scope) {
    std::vector<std::string> list;
    for (const std::string& name : scope.instances) {
        const NativeInstance* old = before.find(std::string_view(name));
        const NativeInstance* instance = now.find(std::string_view(name));
        if (old && instance)
            compare("instance " + name, holdings_of(*old), holdings_of(*instance), list);
        else if (old || instance)
            list.push_back(fmt::format("instance {} is {}", name, old ? "gone" : "there now"));
    }
    if (scope.pool)
        compare("the pool", {pool_cpus(before), total_size(ranges_of(before.pool)), pool_devices(before)},
                {pool_cpus(now), total_size(ranges_of(now.pool)), pool_devices(now)}, list);
    return list;
}

ChangeScope without_changes_of_others(const NativeFacts& before, const NativeFacts& now, ChangeScope scope,
                                      std::span<const std::uint32_t> own) {
    for (const OverlayContent& content : changes_of_others(before, now, own)) {
        std::erase_if(scope.instances, [&](const std::string& name) { return touches(content, name); });
        scope.pool = scope.pool && !content.touches_pool();
    }
    return scope;
}

std::vector<Overlay> inverse_overlays(const NativeFacts& before, const NativeFacts& now, const ChangeScope& scope) {
    std::vector<Overlay> overlays;
    const auto add = [&](const ResourceChange& change) {
        for (const ResourceChange& piece : in_pieces(change))
            overlays.push_back(Overlay(undo_text).change(piece));
    };
    for (const std::string& name : scope.instances) {
        const NativeInstance* old = before.find(std::string_view(name));
        const NativeInstance* instance = now.find(std::string_view(name));
        if (instance && old && refuse_if_left_alone(*instance))
            add(way_back(*old, *instance));
        else if (instance && !old && check_removal(*instance))
            overlays.push_back(Overlay(undo_text).remove(name));
    }
    if (scope.pool)
        add(pool_way_back(before, now));
    return overlays;
}

std::vector<std::string> restore(const InstanceControl& control, const NativeFacts& before, const ChangeScope& scope,
                                 std::span<const std::uint32_t> own) {
    const auto now = read_native_facts(control);
    if (!now)
        return {now.error().message};
    std::vector<std::string> remains;
    const ChangeScope ours = without_changes_of_others(before, *now, scope, own);
    for (const std::string& name : scope.instances)
        if (std::ranges::find(ours.instances, name) == ours.instances.end())
            remains.push_back(
                fmt::format("another program changed instance {} meanwhile, which is left as it is", name));
    if (scope.pool && !ours.pool)
        remains.emplace_back("another program changed the pool meanwhile, which is left as it is");
    for (const Overlay& overlay : inverse_overlays(before, *now, ours)) {
        const auto undone = write_overlay(control, overlay);
        if (!undone)
            remains.push_back(undone.error().message);
        else if (undone->status != "applied")
            remains.push_back(
                fmt::format("the way back is {}, which is {}", shown_transaction(undone->number), undone->status));
    }
    const auto after = read_native_facts(control);
    if (!after)
        return {after.error().message};
    const auto left = differences(before, *after, scope);
    if (left.empty())
        return {};
    remains.insert(remains.end(), left.begin(), left.end());
    return remains;
}

std::vector<std::string> undo_applied(const InstanceControl& control, std::uint32_t transaction,
                                      const NativeFacts& before, const ChangeScope& scope) {
    // Where it fails, or only does a part, the facts tell.
    (void)control.kernel.remove_folder(transaction_path(transaction));
    return restore(control, before, scope, std::span(&transaction, 1));
}

std::string restored_text(const std::vector<std::string>& remains) {
    if (remains.empty())
        return "Everything is as it was before";
    return fmt::format("What could not be undone: {}", fmt::join(remains, "; "));
}

} // namespace kx
