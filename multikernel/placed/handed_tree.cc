// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/handed_tree.h"

#include "include/layout/boot_params.h"
#include "multikernel/core/requests.h"

namespace kx {
namespace {

constexpr std::string_view inner_node = "multikernel";
constexpr std::string_view inner_property = "dtb-data";

} // namespace

DeviceTreeNode instance_handover_tree(const HandedInstance& instance) {
    DeviceTreeNode root;
    root.set_string("compatible", multikernel_compatible);
    auto& node =
        root.add("instances").add(instance.name.empty() ? fmt::format("instance-{}", instance.id) : instance.name);
    node.set_u32("id", instance.id);
    auto& resources = node.add("resources");
    resources.set_u64s("cpus", instance.cpus);
    resources.set_u64("memory-base", instance.memory.begin);
    resources.set_u64("memory-bytes", instance.memory.size());
    return root;
}

Result<std::vector<std::byte>> handover_page(std::span<const std::byte> instance_tree) {
    DeviceTreeNode root;
    root.set_string("compatible", multikernel_compatible);
    root.add(inner_node).set(inner_property, instance_tree);
    auto page = KX_TRY(within("handover", device_tree_blob(root, handover_page_size)));
    page.resize(handover_page_size);
    return page;
}

Result<std::vector<std::byte>> foreign_handover_page(ByteView file) {
    KX_TRY(parse_device_tree(file));
    const std::uint64_t size = KX_TRY(file.read<be32>(4));
    if (size > handover_page_size)
        return fail(Errc::no_room, "the device tree has {} bytes; what is handed over has {} at most", size,
                    handover_page_size);
    const auto tree = file.bytes().first(size);
    std::vector<std::byte> page(tree.begin(), tree.end());
    page.resize(handover_page_size);
    return page;
}

Result<Handover> parse_handover(ByteView file) {
    if (!is_device_tree(file) && file.size() == sizeof(layout::KhoSetupData)) {
        const auto kho = KX_TRY(file.read<layout::KhoSetupData>(0));
        return fail(Errc::unsupported,
                    "no device tree but {} bytes, as a setup_data node of type 10 has them: it says that one of {} "
                    "bytes is at {:#x}; where this program loaded the kernel, that is the `data` of the node behind it",
                    file.size(), std::uint64_t{kho.fdt_size}, std::uint64_t{kho.fdt_addr});
    }
    Handover handover{.tree = KX_TRY(parse_device_tree(file)), .inner = {}, .inner_problem = {}};
    const auto* node = handover.tree.child(inner_node);
    const auto* data = node ? node->property(inner_property) : nullptr;
    if (!data)
        return handover;
    auto inner = parse_device_tree(ByteView(data->value));
    if (inner)
        handover.inner = *std::move(inner);
    else
        handover.inner_problem = inner.error().message;
    return handover;
}

std::string commented(std::string_view text) {
    std::string lines;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        lines += fmt::format("//{}{}\n", line.empty() ? "" : " ", line);
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return lines;
}

std::string source_of(const Handover& handover) {
    std::string text = device_tree_source(handover.tree);
    if (handover.inner)
        text += fmt::format("\n// /{}, {}, is a device tree, too:\n//\n{}", inner_node, inner_property,
                            commented(device_tree_source(*handover.inner)));
    else if (!handover.inner_problem.empty())
        text +=
            fmt::format("\n// /{}, {}, is no device tree: {}\n", inner_node, inner_property, handover.inner_problem);
    return text;
}

} // namespace kx
