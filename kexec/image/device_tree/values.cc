// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/device_tree/device_tree.h"

#include <algorithm>

namespace kx {
namespace {

template <typename Named> auto named(std::vector<Named>& all, std::string_view name) {
    return std::ranges::find_if(all, [&](const Named& one) { return one.name == name; });
}

template <typename Named> const Named* find_named(const std::vector<Named>& all, std::string_view name) {
    const auto found = std::ranges::find_if(all, [&](const Named& one) { return one.name == name; });
    return found == all.end() ? nullptr : &*found;
}

std::string_view shown(const DeviceTreeNode& node) {
    return node.name.empty() ? "/" : std::string_view(node.name);
}

Result<ByteView> value_of(const DeviceTreeNode& node, std::string_view name) {
    const auto* property = node.property(name);
    if (!property)
        return fail(Errc::not_found, "node {} has no property {}", shown(node), name);
    return ByteView(property->value);
}

template <typename Wire, typename Value>
Result<std::vector<Value>> array_of(const DeviceTreeNode& node, std::string_view name) {
    const auto value = KX_TRY(value_of(node, name));
    if (value.size() % sizeof(Wire))
        return fail(Errc::malformed, "node {}, property {}: {} bytes are no array of {}-byte numbers", shown(node),
                    name, value.size(), sizeof(Wire));
    const auto numbers = KX_TRY(value.table<Wire>(0, value.size() / sizeof(Wire)));
    return std::vector<Value>(numbers.begin(), numbers.end());
}

template <typename Wire, typename Value> Result<Value> number_of(const DeviceTreeNode& node, std::string_view name) {
    const auto value = KX_TRY(value_of(node, name));
    if (value.size() != sizeof(Wire))
        return fail(Errc::malformed, "node {}, property {}: {} bytes, not the {} of one number", shown(node), name,
                    value.size(), sizeof(Wire));
    return Value{KX_TRY(value.read<Wire>(0))};
}

} // namespace

const DeviceTreeProperty* DeviceTreeNode::property(std::string_view property_name) const {
    return find_named(properties, property_name);
}

const DeviceTreeNode* DeviceTreeNode::child(std::string_view child_name) const {
    return find_named(children, child_name);
}

const DeviceTreeNode* DeviceTreeNode::at(std::string_view path) const {
    if (!path.starts_with('/'))
        return nullptr;
    if (path == "/")
        return this;
    const DeviceTreeNode* node = this;
    while (node && !path.empty()) {
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        node = node->child(path.substr(0, end));
        path.remove_prefix(end);
    }
    return node;
}

Result<std::string> DeviceTreeNode::string(std::string_view property_name) const {
    const auto value = KX_TRY(value_of(*this, property_name));
    const std::string_view text(reinterpret_cast<const char*>(value.bytes().data()), value.size());
    if (text.empty() || text.find('\0') != text.size() - 1)
        return fail(Errc::malformed, "node {}, property {}: {} bytes are no text with one NUL, at its end",
                    shown(*this), property_name, text.size());
    return std::string(text.substr(0, text.size() - 1));
}

Result<std::uint32_t> DeviceTreeNode::u32(std::string_view property_name) const {
    return number_of<be32, std::uint32_t>(*this, property_name);
}

Result<std::uint64_t> DeviceTreeNode::u64(std::string_view property_name) const {
    return number_of<be64, std::uint64_t>(*this, property_name);
}

Result<std::vector<std::uint64_t>> DeviceTreeNode::u64s(std::string_view property_name) const {
    return array_of<be64, std::uint64_t>(*this, property_name);
}

Result<std::vector<std::uint32_t>> DeviceTreeNode::u32s(std::string_view property_name) const {
    return array_of<be32, std::uint32_t>(*this, property_name);
}

void DeviceTreeNode::set(std::string_view property_name, std::span<const std::byte> value) {
    const auto found = named(properties, property_name);
    auto& property = found != properties.end() ? *found : properties.emplace_back(std::string(property_name));
    property.value.assign(value.begin(), value.end());
}

void DeviceTreeNode::set_string(std::string_view property_name, std::string_view text) {
    const std::string terminated(text);
    set(property_name, std::as_bytes(std::span(terminated.c_str(), terminated.size() + 1)));
}

void DeviceTreeNode::set_u32(std::string_view property_name, std::uint32_t value) {
    const be32 wire = value;
    set(property_name, std::as_bytes(std::span(&wire, 1)));
}

void DeviceTreeNode::set_u64(std::string_view property_name, std::uint64_t value) {
    set_u64s(property_name, std::span(&value, 1));
}

void DeviceTreeNode::set_u64s(std::string_view property_name, std::span<const std::uint64_t> values) {
    const std::vector<be64> wire(values.begin(), values.end());
    set(property_name, std::as_bytes(std::span(wire)));
}

void DeviceTreeNode::remove_property(std::string_view property_name) {
    std::erase_if(properties, [&](const DeviceTreeProperty& property) { return property.name == property_name; });
}

DeviceTreeNode& DeviceTreeNode::add(std::string_view child_name) {
    return children.emplace_back(std::string(child_name));
}

DeviceTreeNode& DeviceTreeNode::child_or_new(std::string_view child_name) {
    const auto found = named(children, child_name);
    return found != children.end() ? *found : add(child_name);
}

} // namespace kx
