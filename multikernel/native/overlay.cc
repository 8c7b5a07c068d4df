// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/overlay.h"

#include "multikernel/core/requests.h"

#include <algorithm>
#include <array>

namespace kx {
namespace {

std::string node_name(const DeviceRequest& device) {
    if (!device.name.empty())
        return device.name;
    std::string name = device.pci_id.empty() ? device.platform_name : "pci-" + device.pci_id;
    std::ranges::replace(name, ':', '-');
    return name;
}

void add_memory(DeviceTreeNode& operation, const MemoryRequest& memory) {
    DeviceTreeNode& node = operation.add(fmt::format("memory@{:x}", operation.children.size()));
    node.set_u64("size", memory.size);
    if (memory.numa_node)
        node.set_u32("numa-node-id", *memory.numa_node);
}

void add_range(DeviceTreeNode& operation, PhysRange range) {
    DeviceTreeNode& node = operation.add(fmt::format("memory@{:x}", range.begin));
    node.set_u64s("reg", std::array{range.begin, range.size()});
}

void add_cpus(DeviceTreeNode& content, std::string_view operation, std::span<const std::uint64_t> cpus) {
    if (cpus.empty())
        return;
    DeviceTreeNode& node = content.add(operation);
    for (const std::uint64_t cpu : cpus)
        node.add(fmt::format("cpu@{:x}", cpu)).set_u64("reg", cpu);
}

void add_devices(DeviceTreeNode& content, std::string_view operation, std::span<const DeviceRequest> devices,
                 bool with_alias) {
    if (devices.empty())
        return;
    DeviceTreeNode& node = content.add(operation);
    for (const DeviceRequest& device : devices) {
        DeviceTreeNode& item = node.add(fmt::format("pci@{:x}", node.children.size()));
        item.set_string("pci-id", device.pci_id);
        if (with_alias && !device.name.empty())
            item.set_string("alias", device.name);
    }
}

} // namespace

DeviceTreeNode baseline_of(const PoolRequest& pool) {
    DeviceTreeNode root;
    root.set_string("compatible", multikernel_compatible);
    DeviceTreeNode aliases{.name = "aliases"};
    DeviceTreeNode resources{.name = "resources"};
    resources.set_u64s("cpus", pool.cpus);
    for (std::size_t i = 0; i < pool.memory.size(); i++) {
        DeviceTreeNode& memory = resources.add(fmt::format("memory@{:x}", i));
        memory.set_u64("size", pool.memory[i].size);
        if (pool.memory[i].numa_node)
            memory.set_u32("numa-node-id", *pool.memory[i].numa_node);
    }
    for (const DeviceRequest& device : pool.devices) {
        const std::string name = node_name(device);
        DeviceTreeNode& node = resources.child_or_new("devices").add(name);
        if (device.pci_id.empty()) {
            node.set_string("device-type", "platform");
            node.set_string("device-name", device.platform_name);
            continue;
        }
        node.set_string("device-type", "pci");
        node.set_string("pci-id", device.pci_id);
        node.set_u32("vendor-id", device.vendor_id);
        node.set_u32("device-id", device.device_id);
        if (!device.name.empty())
            aliases.set_string(device.name, fmt::format("/resources/devices/{}", name));
    }
    if (!aliases.properties.empty())
        root.children.push_back(std::move(aliases));
    root.children.push_back(std::move(resources));
    return root;
}

std::vector<ResourceChange> in_pieces(const ResourceChange& change) {
    constexpr std::size_t most_items = 48; // each is less than 80 bytes
    std::vector<ResourceChange> pieces;
    std::size_t items = most_items;
    const auto move = [&](auto list) {
        for (const auto& item : change.*list) {
            if (items++ == most_items) {
                pieces.push_back({.instance = change.instance});
                items = 1;
            }
            (pieces.back().*list).push_back(item);
        }
    };
    // CPUs wait in the pool's memory: it leaves after them, and joins before them.
    move(&ResourceChange::cpus_removed);
    move(&ResourceChange::devices_removed);
    move(&ResourceChange::memory_removed);
    move(&ResourceChange::memory_added);
    move(&ResourceChange::pool_memory_added);
    move(&ResourceChange::cpus_added);
    move(&ResourceChange::devices_added);
    return pieces;
}

Overlay::Overlay(std::string_view text) {
    if (!text.empty())
        root_.set_string("mk,resources", text);
}

DeviceTreeNode& Overlay::fragment(std::string_view target) {
    DeviceTreeNode& node = root_.add(fmt::format("fragment@{:x}", root_.children.size()));
    node.set_string("target-path", target);
    return node.add("__overlay__");
}

Overlay& Overlay::create(const InstanceRequest& instance) {
    DeviceTreeNode& node = fragment("/instances").add("instance-create");
    node.set_string("instance-name", instance.name);
    node.set_u32("id", instance.id);
    DeviceTreeNode resources{.name = "resources"};
    if (instance.memory_size != 0)
        resources.set_u64("memory-bytes", instance.memory_size);
    if (!instance.cpus.empty())
        resources.set_u64s("cpus", instance.cpus);
    if (instance.numa_node)
        resources.set_u32("numa-nodes", *instance.numa_node);
    node.children.push_back(std::move(resources));
    if (instance.chosen) {
        node.children.push_back(*instance.chosen);
        node.children.back().name = "chosen";
    }
    ResourceChange devices{.instance = instance.name};
    for (const std::string& pci_id : instance.pci_devices)
        devices.devices_added.push_back({.pci_id = pci_id});
    return devices.empty() ? *this : change(devices);
}

Overlay& Overlay::remove(std::string_view instance_name) {
    fragment("/instances").add("instance-remove").set_string("instance-name", instance_name);
    return *this;
}

Overlay& Overlay::change(const ResourceChange& change) {
    const bool pool = change.instance.empty();
    DeviceTreeNode& content = fragment(pool ? "/resources" : "/instances/" + change.instance);
    if (!change.memory_removed.empty()) {
        DeviceTreeNode& node = content.add("memory-remove");
        for (const PhysRange& range : change.memory_removed)
            add_range(node, range);
    }
    if (!change.memory_added.empty() || !change.pool_memory_added.empty()) {
        DeviceTreeNode& node = content.add("memory-add");
        for (const PhysRange& range : change.memory_added)
            add_range(node, range);
        for (const MemoryRequest& memory : change.pool_memory_added)
            add_memory(node, memory);
    }
    add_cpus(content, "cpu-remove", change.cpus_removed);
    add_cpus(content, "cpu-add", change.cpus_added);
    add_devices(content, "device-remove", change.devices_removed, false);
    add_devices(content, "device-add", change.devices_added, pool);
    return *this;
}

Result<std::vector<std::byte>> overlay_blob(const Overlay& overlay) {
    const auto blob = KX_TRY(device_tree_blob(overlay.tree()));
    if (blob.size() > overlay_limit)
        return fail(
            Errc::no_room,
            "the change is an overlay of {} bytes, and a multikernel kernel takes at most {} in one piece: change "
            "fewer CPUs, devices or ranges of memory at a time",
            blob.size(), overlay_limit);
    return blob;
}

} // namespace kx
