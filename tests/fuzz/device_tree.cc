// SPDX-License-Identifier: GPL-2.0-or-later
// A device tree that is accepted is the same when it is written and read again, and has nothing in it that could break
// its source.
#include "kexec/image/device_tree/device_tree.h"

#include "tests/fuzz/invariant.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

namespace {

// Names without what ends one in a source or in a path, and once each in a node; counts the nodes.
std::size_t check_node(const DeviceTreeNode& node, std::size_t level) {
    constexpr std::string_view elsewhere("/ \"{};\n\0", 8);
    INVARIANT(level < 64);
    for (const auto& property : node.properties) {
        INVARIANT(!property.name.empty() && property.name.find_first_of(elsewhere) == property.name.npos);
        INVARIANT(node.property(property.name) == &property);
        const auto text = node.string(property.name);
        INVARIANT(!text || text->size() + 1 == property.value.size());
        INVARIANT(node.u64s(property.name).has_value() == (property.value.size() % 8 == 0));
    }
    std::size_t count = 1;
    for (const auto& child : node.children) {
        INVARIANT(!child.name.empty() && child.name.find_first_of(elsewhere) == child.name.npos);
        INVARIANT(node.child(child.name) == &child && node.at("/" + child.name) == &child);
        count += check_node(child, level + 1);
    }
    return count;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = fuzz_input(data, size);
    const auto root = parse_device_tree(file);
    if (!root) {
        INVARIANT(!root.error().message.empty());
        INVARIANT((root.error().code == Errc::not_this_format) == !is_device_tree(file));
        return 0;
    }
    INVARIANT(root->name.empty() && check_node(*root, 0) <= size / 8);
    const auto blob = device_tree_blob(*root, UINT64_MAX);
    INVARIANT(blob && parse_device_tree(ByteView(*blob)) == *root);
    INVARIANT(device_tree_blob(*root, blob->size()) == *blob);
    INVARIANT(device_tree_blob(*root, blob->size() - 1).error().code == Errc::no_room);
    const auto source = device_tree_source(*root);
    INVARIANT(source.starts_with("/dts-v1/;\n\n/ {\n") && source.ends_with("};\n"));
    INVARIANT(std::ranges::all_of(source, [](char c) { return c == '\t' || c == '\n' || (c >= ' ' && c <= '~'); }));
    return 0;
}
