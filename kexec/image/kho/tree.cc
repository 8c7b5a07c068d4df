// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/kho/tree.h"

#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"

#include <algorithm>
#include <array>

namespace kx {
namespace {

constexpr std::array layouts{
    KhoLayout{1, "fdt", false, false, "6.16 to 6.18"},
    KhoLayout{2, "preserved-data", false, true, "between 6.18 and 7.2"},
    KhoLayout{3, "preserved-data", true, true, "between 6.18 and 7.2"},
    KhoLayout{4, "preserved-data", true, true, "7.2 and 7.3"},
};
constexpr std::string_view prefix = "kho-v";
constexpr std::string_view instance_tree = "multikernel-v1";

// Of a property with several, the first is what the kernel compares with.
Result<std::string> compatible_of(const DeviceTreeNode& root) {
    auto text = KX_TRY(within("the root of the tree", root.string("compatible")));
    if (text == instance_tree)
        return fail(Errc::unsupported,
                    "this tree (\"{}\") is for a kernel beside the running one: kexec --show-handover shows it", text);
    return text;
}

Result<const KhoLayout*> layout_of(const DeviceTreeNode& root) {
    const std::string text = KX_TRY(compatible_of(root));
    if (!text.starts_with(prefix))
        return fail(Errc::unsupported, "the root's compatible is \"{}\", no tree of kexec handover (kho-v1 to kho-v4)",
                    printable(text));
    const std::uint64_t number = number_in(std::string_view(text).substr(prefix.size())).value_or(0);
    const KhoLayout* found = number <= layouts.back().version ? kho_layout(static_cast<unsigned>(number)) : nullptr;
    if (!found)
        return fail(Errc::unsupported, "the root's compatible is \"{}\": kho-v1 to kho-v4 are known", printable(text));
    return found;
}

Result<KhoNode> node_in(const DeviceTreeNode& child, const KhoLayout& layout) {
    KhoNode node{.name = child.name, .address = KX_TRY(kho_u64(child, layout.blob)), .size = std::nullopt};
    if (layout.blob_size)
        node.size = KX_TRY(kho_u64(child, "blob-size"));
    if (node.address == 0)
        return fail(Errc::malformed, "node {}: {} is 0, no address", child.name, layout.blob);
    if (node.size && *node.size > UINT64_MAX - node.address)
        return fail(Errc::malformed, "node {}: {:#x} bytes at {:#x} run past the end of memory", child.name, *node.size,
                    node.address);
    return node;
}

} // namespace

const KhoLayout* kho_layout(unsigned version) {
    const auto found = std::ranges::find(layouts, version, &KhoLayout::version);
    return found == layouts.end() ? nullptr : &*found;
}

Result<std::uint64_t> kho_u64(const DeviceTreeNode& node, std::string_view property) {
    const DeviceTreeProperty* found = node.property(property);
    const std::string shown = node.name.empty() ? "the root" : fmt::format("node {}", node.name);
    if (!found)
        return fail(Errc::malformed, "{}: the property {} is missing", shown, property);
    if (found->value.size() != sizeof(le64))
        return fail(Errc::malformed, "{}: {} has {} bytes, and must have 8", shown, property, found->value.size());
    return std::uint64_t{KX_TRY(ByteView(found->value).read<le64>(0))};
}

Result<KhoTree> parse_kho_tree(ByteView file) {
    if (is_device_tree(file) && file.size() >= 8) {
        const std::uint64_t total = KX_TRY(file.read<be32>(4));
        if (total > file.size())
            return fail(Errc::malformed,
                        "the tree is cut short: its header at {:#x} says {} bytes, and {} are there (kernels up to 7.3 "
                        "show no more of a tree that grew after they made the file)",
                        file.origin(), total, file.size());
    }
    const DeviceTreeNode root = KX_TRY(parse_device_tree(file));
    KhoTree tree{.layout = KX_TRY(layout_of(root)), .size = KX_TRY(file.read<be32>(4)), .memory_map = {}, .nodes = {}};
    constexpr std::string_view map = "preserved-memory-map";
    if (root.property(map))
        tree.memory_map = KX_TRY(kho_u64(root, map));
    for (const DeviceTreeNode& child : root.children)
        tree.nodes.push_back(KX_TRY(node_in(child, *tree.layout)));
    return tree;
}

} // namespace kx
