// SPDX-License-Identifier: GPL-2.0-or-later
// Device trees as values: read from a flattened blob (DTB, DTBO), changed, compared, written back and shown as source.
// The blob's format is chapter 5 of the Devicetree Specification 0.4; all integers are big endian.
#pragma once

#include "kexec/core/byte_view.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct DeviceTreeProperty {
    std::string name;
    std::vector<std::byte> value;
    friend bool operator==(const DeviceTreeProperty&, const DeviceTreeProperty&) = default;
};

struct DeviceTreeNode {
    std::string name; // with its unit address: "memory@0"; empty for the root
    std::vector<DeviceTreeProperty> properties;
    std::vector<DeviceTreeNode> children;
    friend bool operator==(const DeviceTreeNode&, const DeviceTreeNode&) = default;

    const DeviceTreeProperty* property(std::string_view name) const;
    const DeviceTreeNode* child(std::string_view name) const;
    // "/" is this node, "/resources/memory@0" is below it; nullptr where there is none.
    const DeviceTreeNode* at(std::string_view path) const;

    // Errc::not_found without the property, Errc::malformed where its size does not fit; the message names node and
    // property. string() wants one NUL, at the end.
    Result<std::string> string(std::string_view name) const;
    Result<std::uint32_t> u32(std::string_view name) const;
    Result<std::uint64_t> u64(std::string_view name) const; // two cells
    Result<std::vector<std::uint64_t>> u64s(std::string_view name) const;
    Result<std::vector<std::uint32_t>> u32s(std::string_view name) const;

    // Adds the property, or replaces its value.
    void set(std::string_view name, std::span<const std::byte> value);
    void set_string(std::string_view name, std::string_view text); // a NUL is added
    void set_u32(std::string_view name, std::uint32_t value);
    void set_u64(std::string_view name, std::uint64_t value);
    void set_u64s(std::string_view name, std::span<const std::uint64_t> values);
    void remove_property(std::string_view name);
    // Behind the others; the reference holds until the next child is added.
    DeviceTreeNode& add(std::string_view child_name);
    // The child of that name, added where there is none.
    DeviceTreeNode& child_or_new(std::string_view child_name);
};

// The blob's magic.
bool is_device_tree(ByteView file);

// Checked throughout: header, structure block, every string. Bytes behind `totalsize` are ignored.
// Errc::not_this_format without the magic; Errc::malformed with the offset for what breaks the format, an incomplete
// blob, a name that the specification forbids, a property or node twice in one node, more than 64 levels or 65536
// nodes; Errc::unsupported for a version before 16. The memory reservation block is left out.
Result<DeviceTreeNode> parse_device_tree(ByteView file);

// A blob of version 17 with no slack in it. The tree is one that parse_device_tree would give back: names without NUL.
// Errc::no_room where it would be over `limit` bytes.
Result<std::vector<std::byte>> device_tree_blob(const DeviceTreeNode& root, std::uint64_t limit = 1 << 20);

// As `dtc -O dts` prints it: strings as strings, multiples of four bytes as cells in hexadecimal, the rest as bytes.
std::string device_tree_source(const DeviceTreeNode& root);

} // namespace kx
