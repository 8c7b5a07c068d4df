// SPDX-License-Identifier: GPL-2.0-or-later
// The flattened device tree that kexec handover (KHO) passes from one kernel to the next. Its root tells the version
// and where the map of preserved memory lies; each node below it is a blob that some part of the kernel hands over.
// Addresses are physical, sizes in bytes. Values are little endian, unlike those of other device trees.
#pragma once

#include "kexec/core/byte_view.h"
#include "kexec/core/result.h"
#include "kexec/image/device_tree/device_tree.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kx {

// What a version of the tree looks like.
struct KhoLayout {
    unsigned version;         // 4 for "kho-v4"
    std::string_view blob;    // the property that tells where a node's blob lies
    bool blob_size;           // … and one that tells its size; else the blob is a device tree, which does itself
    bool radix_tree;          // the map of preserved memory is one; else a chain of bitmaps
    std::string_view kernels; // which mainline kernels have it
};

// kho-v1 to kho-v4; nullptr for any other.
const KhoLayout* kho_layout(unsigned version);

struct KhoNode {
    std::string name; // "memblock", "kexec-metadata", "LUO" …
    std::uint64_t address = 0;
    std::optional<std::uint64_t> size; // of the blob, where the version tells
    friend bool operator==(const KhoNode&, const KhoNode&) = default;
};

struct KhoTree {
    const KhoLayout* layout = nullptr;
    std::uint64_t size = 0;                  // of the flattened tree, as its header says
    std::optional<std::uint64_t> memory_map; // 0 or nothing: no memory is preserved
    std::vector<KhoNode> nodes;
};

// Errc::not_this_format for what is no device tree; Errc::malformed with offset or node for what breaks the format, a
// tree that was cut short included; Errc::unsupported for other versions, and for a tree that is handed to a kernel
// beside the running one.
Result<KhoTree> parse_kho_tree(ByteView file);

// A value of eight bytes in a tree of KHO, wherever in it. Errors as DeviceTreeNode::u64.
Result<std::uint64_t> kho_u64(const DeviceTreeNode& node, std::string_view property);

} // namespace kx
