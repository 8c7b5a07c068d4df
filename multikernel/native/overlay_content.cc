// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/overlay_content.h"

#include "kexec/core/text.h"
#include "multikernel/core/requests.h"

#include <algorithm>
#include <charconv>

namespace kx {
namespace {

constexpr std::string_view fragment_prefix = "fragment@";
constexpr std::string_view instances_path = "/instances";
constexpr std::string_view pool_path = "/resources";

std::optional<std::uint32_t> unit_of(std::string_view fragment) {
    fragment.remove_prefix(fragment_prefix.size());
    std::uint32_t unit = 0;
    const char* end = fragment.data() + fragment.size();
    const auto [stopped, error] = std::from_chars(fragment.data(), end, unit, 16);
    return error == std::errc() && stopped == end ? std::optional(unit) : std::nullopt;
}

// In the order in which the kernel takes them.
Result<std::vector<const DeviceTreeNode*>> fragments_of(const DeviceTreeNode& root) {
    std::vector<std::pair<std::uint32_t, const DeviceTreeNode*>> fragments;
    for (const DeviceTreeNode& node : root.children) {
        if (!node.name.starts_with(fragment_prefix))
            continue;
        const auto unit = unit_of(node.name);
        if (!unit)
            return fail(Errc::malformed, "node {}: its unit address is no number", node.name);
        fragments.emplace_back(*unit, &node);
    }
    if (fragments.empty())
        return fail(Errc::malformed, "has no node {}N", fragment_prefix);
    std::ranges::sort(fragments, {}, [](const auto& fragment) { return fragment.first; });
    std::vector<const DeviceTreeNode*> nodes;
    for (const auto& [unit, node] : fragments)
        nodes.push_back(node);
    return nodes;
}

// Kernels take one or two cells.
Result<std::uint64_t> cpu_of(const DeviceTreeNode& node) {
    const auto* reg = node.property("reg");
    if (reg && reg->value.size() == sizeof(std::uint32_t))
        return node.u32("reg");
    return node.u64("reg");
}

Result<std::vector<std::uint64_t>> cpus_of(const DeviceTreeNode* operation) {
    std::vector<std::uint64_t> cpus;
    if (operation)
        for (const DeviceTreeNode& node : operation->children)
            if (node.name.starts_with("cpu@"))
                cpus.push_back(KX_TRY(cpu_of(node)));
    return cpus;
}

Result<std::vector<DeviceRequest>> devices_of(const DeviceTreeNode* operation, bool with_alias) {
    std::vector<DeviceRequest> devices;
    if (operation)
        for (const DeviceTreeNode& node : operation->children)
            if (node.name.starts_with("pci@"))
                devices.push_back(
                    {.name = with_alias && node.property("alias") ? KX_TRY(node.string("alias")) : std::string(),
                     .pci_id = KX_TRY(node.string("pci-id"))});
    return devices;
}

Result<PhysRange> range_of(const DeviceTreeNode& node) {
    const auto reg = KX_TRY(node.u64s("reg"));
    const auto range = reg.size() == 2 ? PhysRange::at(reg[0], reg[1]) : std::nullopt;
    if (!range)
        return fail(Errc::malformed, "node {}, property reg: is no range of memory", node.name);
    return *range;
}

Result<std::optional<std::uint32_t>> number_if_there(const DeviceTreeNode& node, std::string_view name) {
    if (!node.property(name))
        return std::optional<std::uint32_t>();
    return KX_TRY(node.u32(name));
}

Result<> add_memory(ResourceChange& change, const DeviceTreeNode* operation, bool add) {
    if (!operation)
        return {};
    for (const DeviceTreeNode& node : operation->children) {
        if (!node.name.starts_with("memory@"))
            continue;
        if (add && change.instance.empty())
            change.pool_memory_added.push_back(
                {.size = KX_TRY(node.u64("size")), .numa_node = KX_TRY(number_if_there(node, "numa-node-id"))});
        else
            (add ? change.memory_added : change.memory_removed).push_back(KX_TRY(range_of(node)));
    }
    return {};
}

Result<ResourceChange> change_of(const DeviceTreeNode& content, std::string instance) {
    ResourceChange change{.instance = std::move(instance)};
    change.cpus_added = KX_TRY(cpus_of(content.child("cpu-add")));
    change.cpus_removed = KX_TRY(cpus_of(content.child("cpu-remove")));
    change.devices_added = KX_TRY(devices_of(content.child("device-add"), change.instance.empty()));
    change.devices_removed = KX_TRY(devices_of(content.child("device-remove"), false));
    KX_TRY(add_memory(change, content.child("memory-remove"), false));
    KX_TRY(add_memory(change, content.child("memory-add"), true));
    return change;
}

Result<std::string> instance_named(std::string name) {
    if (name.empty() || name.find('/') != name.npos)
        return fail(Errc::malformed, "\"{}\" is no instance's name", name);
    return name;
}

Result<InstanceRequest> creation_of(const DeviceTreeNode& operation) {
    InstanceRequest instance;
    instance.name = KX_TRY(instance_named(KX_TRY(operation.string("instance-name"))));
    instance.id = operation.property("id") ? KX_TRY(operation.u32("id")) : 0;
    if (const DeviceTreeNode* chosen = operation.child("chosen"))
        instance.chosen = *chosen;
    const DeviceTreeNode* resources = operation.child("resources");
    if (!resources)
        return fail(Errc::malformed, "instance-create of \"{}\" has no node resources", instance.name);
    if (resources->property("memory-bytes"))
        instance.memory_size = KX_TRY(resources->u64("memory-bytes"));
    if (resources->property("cpus"))
        instance.cpus = KX_TRY(resources->u64s("cpus"));
    if (resources->property("numa-nodes")) {
        const auto nodes = KX_TRY(resources->u32s("numa-nodes"));
        if (!nodes.empty())
            instance.numa_node = nodes.front();
    }
    return instance;
}

Result<> add_fragment(OverlayContent& content, const DeviceTreeNode& fragment) {
    const std::string target = KX_TRY(fragment.string("target-path"));
    const DeviceTreeNode* overlay = fragment.child("__overlay__");
    if (!overlay)
        return fail(Errc::malformed, "node {} has no node __overlay__", fragment.name);
    if (target == instances_path) {
        if (const DeviceTreeNode* operation = overlay->child("instance-create"))
            content.created.push_back(KX_TRY(creation_of(*operation)));
        if (const DeviceTreeNode* operation = overlay->child("instance-remove"))
            content.removed.push_back(KX_TRY(instance_named(KX_TRY(operation->string("instance-name")))));
        return {};
    }
    std::string name;
    if (target != pool_path) {
        if (!target.starts_with("/instances/"))
            return fail(Errc::malformed, "node {}: no overlay changes {}", fragment.name, target);
        name = KX_TRY(instance_named(target.substr(instances_path.size() + 1)));
    }
    if (auto change = KX_TRY(change_of(*overlay, std::move(name))); !change.empty())
        content.changes.push_back(std::move(change));
    return {};
}

Result<OverlayContent> content_of(const DeviceTreeNode& root) {
    OverlayContent content;
    if (root.property("mk,resources"))
        content.text = KX_TRY(root.string("mk,resources"));
    for (const DeviceTreeNode* fragment : KX_TRY(fragments_of(root)))
        KX_TRY(add_fragment(content, *fragment));
    return content;
}

void add(std::string& list, std::string_view text) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ", text);
}

void add_cpus(std::string& list, std::string_view sign, const std::vector<std::uint64_t>& cpus) {
    if (!cpus.empty())
        add(list, fmt::format("{}CPU {:#x}", sign, fmt::join(cpus, fmt::format(", {}CPU ", sign))));
}

std::string text_of(const ResourceChange& change) {
    std::string list;
    add_cpus(list, "-", change.cpus_removed);
    add_cpus(list, "+", change.cpus_added);
    for (const PhysRange& range : change.memory_removed)
        add(list, fmt::format("-{:#x}-{:#x}", range.begin, range.end - 1));
    for (const PhysRange& range : change.memory_added)
        add(list, fmt::format("+{:#x}-{:#x}", range.begin, range.end - 1));
    for (const MemoryRequest& memory : change.pool_memory_added)
        add(list, "+" + size_argument(memory.size));
    for (const DeviceRequest& device : change.devices_removed)
        add(list, "-" + device.pci_id);
    for (const DeviceRequest& device : change.devices_added)
        add(list, "+" + device.pci_id);
    return fmt::format("{}: {}", change.instance.empty() ? "the pool" : "instance " + change.instance, list);
}

} // namespace

bool OverlayContent::touches_pool() const {
    return std::ranges::any_of(changes, [](const ResourceChange& change) { return change.instance.empty(); });
}

bool OverlayContent::creates(std::string_view name) const {
    return std::ranges::find(created, name, &InstanceRequest::name) != created.end();
}

std::vector<std::string> OverlayContent::instances() const {
    std::vector<std::string> names = removed;
    for (const InstanceRequest& instance : created)
        names.push_back(instance.name);
    for (const ResourceChange& change : changes)
        if (!change.instance.empty())
            names.push_back(change.instance);
    std::ranges::sort(names);
    const auto rest = std::ranges::unique(names);
    names.erase(rest.begin(), rest.end());
    return names;
}

Result<OverlayContent> parse_overlay(const DeviceTreeNode& root) {
    auto content = content_of(root);
    if (!content && content.error().code == Errc::not_found)
        content.error().code = Errc::malformed;
    return content;
}

std::string text_of(const OverlayContent& content) {
    std::string list;
    const auto next = [&list](const std::string& text) { list += (list.empty() ? "" : "; ") + text; };
    for (const InstanceRequest& instance : content.created) {
        std::string parts;
        add_cpus(parts, "", instance.cpus);
        if (instance.memory_size != 0)
            add(parts, size_argument(instance.memory_size));
        next(fmt::format("create instance {} (id {}): {}", instance.name, instance.id,
                         parts.empty() ? "nothing" : parts));
    }
    for (const ResourceChange& change : content.changes)
        next(text_of(change));
    for (const std::string& name : content.removed)
        next("remove instance " + name);
    return list.empty() ? "nothing" : list;
}

} // namespace kx
