// SPDX-License-Identifier: GPL-2.0-or-later
// The device trees that a multikernel kernel shows of its pool and its instances.
#include "multikernel/native/filesystem.h"

#include <algorithm>

namespace kx {
namespace {

// Nothing where there is no such property.
Result<std::vector<std::uint64_t>> numbers_if_there(const DeviceTreeNode& node, std::string_view name) {
    if (!node.property(name))
        return std::vector<std::uint64_t>();
    return node.u64s(name);
}

Result<std::vector<std::uint64_t>> cpus_of(const DeviceTreeNode& node, std::string_view name) {
    auto cpus = KX_TRY(numbers_if_there(node, name));
    auto sorted = cpus;
    std::ranges::sort(sorted);
    if (const auto twice = std::ranges::adjacent_find(sorted); twice != sorted.end())
        return fail(Errc::malformed, "node {}, property {}: names CPU {:#x} twice", node.name, name, *twice);
    return cpus;
}

Result<PhysRange> range_at(std::uint64_t begin, std::uint64_t size, std::string_view where) {
    const auto range = PhysRange::at(begin, size);
    if (!range)
        return fail(Errc::malformed, "{}: {:#x}+{:#x} is no range of memory", where, begin, size);
    return *range;
}

Result<PoolChunk> chunk_of(const DeviceTreeNode& node) {
    const auto reg = KX_TRY(node.u64s("reg"));
    if (reg.size() != 2)
        return fail(Errc::malformed, "node {}, property reg: {} numbers, not base and size", node.name, reg.size());
    PoolChunk chunk{.range = KX_TRY(range_at(reg[0], reg[1], node.name)), .numa_node = std::nullopt};
    if (node.property("numa-node-id"))
        chunk.numa_node = KX_TRY(node.u32("numa-node-id"));
    return chunk;
}

// `reg` begins with bus << 16 | device << 11 | function << 8 (PCI Bus Binding to IEEE 1275, phys.hi).
Result<std::string> pci_address(const DeviceTreeNode& leaf, std::uint32_t domain) {
    const auto reg = KX_TRY(leaf.u32s("reg"));
    if (reg.empty())
        return fail(Errc::malformed, "node {}, property reg: is empty", leaf.name);
    return fmt::format("{:04x}:{:02x}:{:02x}.{:x}", domain, reg[0] >> 16 & 0xff, reg[0] >> 11 & 0x1f,
                       reg[0] >> 8 & 0x7);
}

// Bridges have nodes below them, devices have a vendor.
Result<> add_pci_devices(const DeviceTreeNode& bridge, std::uint32_t domain, std::vector<std::string>& devices) {
    for (const DeviceTreeNode& node : bridge.children) {
        if (!node.property("reg"))
            continue;
        if (node.property("vendor-id"))
            devices.push_back(KX_TRY(pci_address(node, domain)));
        else
            KX_TRY(add_pci_devices(node, domain, devices));
    }
    return {};
}

Result<> add_listed_devices(const DeviceTreeNode& list, std::vector<std::string>& devices) {
    for (const DeviceTreeNode& node : list.children)
        for (const std::string_view name : {"pci-id", "device-name", "acpi-hid"})
            if (node.property(name)) {
                devices.push_back(KX_TRY(node.string(name)));
                break;
            }
    return {};
}

Result<std::vector<std::string>> devices_of(const DeviceTreeNode& root) {
    std::vector<std::string> devices;
    for (const DeviceTreeNode& node : root.children) {
        if (!node.name.starts_with("pci@"))
            continue;
        const bool tells = node.property("linux,pci-domain");
        KX_TRY(add_pci_devices(node, tells ? KX_TRY(node.u32("linux,pci-domain")) : 0, devices));
    }
    if (const DeviceTreeNode* list = root.at("/resources/devices"))
        KX_TRY(add_listed_devices(*list, devices));
    std::ranges::sort(devices);
    const auto rest = std::ranges::unique(devices);
    devices.erase(rest.begin(), rest.end());
    return devices;
}

Result<const DeviceTreeNode*> resources_of(const DeviceTreeNode& root) {
    if (const DeviceTreeNode* resources = root.child("resources"))
        return resources;
    return fail(Errc::malformed, "has no node /resources");
}

Result<NativePool> pool_of(const DeviceTreeNode& root) {
    const DeviceTreeNode& resources = *KX_TRY(resources_of(root));
    NativePool pool;
    pool.cpus = KX_TRY(cpus_of(resources, "cpus"));
    pool.free_cpus = KX_TRY(cpus_of(resources, "cpus-available"));
    for (const std::uint64_t cpu : pool.free_cpus)
        if (std::ranges::count(pool.cpus, cpu) == 0)
            return fail(Errc::malformed, "CPU {:#x} is free, and not in the pool", cpu);
    for (const DeviceTreeNode& node : resources.children)
        if (node.name.starts_with("memory@"))
            pool.chunks.push_back(KX_TRY(chunk_of(node)));
    std::ranges::sort(pool.chunks, {}, [](const PoolChunk& chunk) { return chunk.range.begin; });
    const auto overlap = std::ranges::adjacent_find(
        pool.chunks, [](const PoolChunk& a, const PoolChunk& b) { return a.range.end > b.range.begin; });
    if (overlap != pool.chunks.end())
        return fail(Errc::malformed, "two ranges of the pool hold {:#x}", (overlap + 1)->range.begin);
    pool.devices = KX_TRY(devices_of(root));
    return pool;
}

Result<NativeInstance> instance_of(const DeviceTreeNode& root) {
    const DeviceTreeNode& resources = *KX_TRY(resources_of(root));
    NativeInstance instance;
    instance.name = KX_TRY(root.string("model"));
    instance.id = KX_TRY(root.u32("id"));
    instance.cpus = KX_TRY(cpus_of(resources, "cpus"));
    if (resources.property("memory-bytes"))
        instance.memory.push_back(KX_TRY(range_at(KX_TRY(resources.u64("memory-base")),
                                                  KX_TRY(resources.u64("memory-bytes")), "memory-base, memory-bytes")));
    instance.told_size = total_size(instance.memory);
    instance.devices = KX_TRY(devices_of(root));
    return instance;
}

// A property that is not there makes the tree wrong, and is no file that went away.
template <typename T> Result<T> complete(Result<T> parsed) {
    if (!parsed && parsed.error().code == Errc::not_found)
        parsed.error().code = Errc::malformed;
    return parsed;
}

} // namespace

Result<NativePool> parse_pool_tree(const DeviceTreeNode& root) {
    return complete(pool_of(root));
}

Result<NativeInstance> parse_instance_tree(const DeviceTreeNode& root) {
    return complete(instance_of(root));
}

} // namespace kx
