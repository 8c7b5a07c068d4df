// SPDX-License-Identifier: GPL-2.0-or-later
// Trees, blobs and maps of preserved memory as kernels with kexec handover leave them.
#pragma once

#include "include/layout/kho.h"
#include "kexec/image/kho/preserved_memory.h"
#include "tests/unit/kexec/image/device_tree/device_tree_builder.h"

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kx::test {

inline std::string native(std::uint64_t value) {
    const le64 wire = value;
    return {reinterpret_cast<const char*>(&wire), sizeof(wire)};
}

inline std::string as_text(const std::vector<std::byte>& bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct KhoTreeNode {
    std::string name;
    std::uint64_t address = 0, size = 0;
};

// The root tree of one of the versions; a version that is none has the layout of kho-v4.
inline std::vector<std::byte> kho_tree(unsigned version, std::uint64_t map,
                                       const std::vector<KhoTreeNode>& nodes = {}) {
    DeviceTreeBuilder tree;
    std::string compatible = "kho-v" + std::to_string(version);
    compatible.push_back('\0');
    tree.begin("").property("compatible", compatible).property("preserved-memory-map", native(map));
    for (const KhoTreeNode& node : nodes) {
        tree.begin(node.name).property(version == 1 ? "fdt" : "preserved-data", native(node.address));
        if (version > 2)
            tree.property("blob-size", native(node.size));
        tree.end();
    }
    return tree.end().build();
}

inline std::vector<std::byte> memblock_tree(const std::vector<KhoTreeNode>& reserved) {
    using namespace std::string_view_literals;
    DeviceTreeBuilder tree;
    tree.begin("").property("compatible", "memblock-v1\0"sv);
    for (const KhoTreeNode& memory : reserved)
        tree.begin(memory.name)
            .property("compatible", "reserve-mem-v1\0"sv)
            .property("start", native(memory.address))
            .property("size", native(memory.size))
            .end();
    return tree.end().build();
}

template <typename T> std::vector<std::byte> bytes_of(const T& layout) {
    const auto* begin = reinterpret_cast<const std::byte*>(&layout);
    return {begin, begin + sizeof(layout)};
}

inline std::vector<std::byte> kexec_metadata(std::string_view release, std::uint32_t count, std::uint32_t version = 1) {
    layout::KexecMetadata metadata{};
    metadata.version = version;
    metadata.count = count;
    std::memcpy(metadata.previous_release, release.data(), release.size());
    return bytes_of(metadata);
}

inline std::vector<std::byte> live_update(std::string_view compatible, std::uint64_t number, std::uint64_t sessions) {
    layout::LiveUpdate update{};
    std::memcpy(update.compatible, compatible.data(), compatible.size());
    update.number = number;
    update.sessions = sessions;
    return bytes_of(update);
}

// Pages of memory by their address, with maps of preserved memory in them.
class KhoMemory {
public:
    std::map<std::uint64_t, std::vector<std::byte>> pages;
    std::uint64_t page_size = 4096;

    std::vector<std::byte>& page(std::uint64_t address) {
        auto& content = pages[address];
        content.resize(page_size);
        return content;
    }
    void put(std::uint64_t address, std::uint64_t value) {
        const le64 wire = value;
        std::memcpy(page(address / page_size * page_size).data() + address % page_size, &wire, sizeof(wire));
    }
    std::uint64_t get(std::uint64_t address) {
        le64 wire;
        std::memcpy(&wire, page(address / page_size * page_size).data() + address % page_size, sizeof(wire));
        return wire;
    }
    void set_bit(std::uint64_t bitmap, std::uint64_t bit) {
        put(bitmap + bit / 64 * 8, get(bitmap + bit / 64 * 8) | std::uint64_t{1} << bit % 64);
    }

    // kho-v1: a page of the chain.
    void chunk(std::uint64_t address, std::uint64_t next, std::uint32_t order,
               std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> elements) {
        put(address, next);
        put(address + 8, order | std::uint64_t{elements.size()} << 32);
        for (std::uint64_t at = address + 16; const auto& [begin, bitmap] : elements) {
            put(at, begin);
            put(at + 8, bitmap);
            at += 16;
        }
    }

    // kho-v2 on: adds a block to the tree, whose new nodes lie at `next_node_` on.
    void preserve(std::uint64_t root, unsigned order, std::uint64_t address) {
        const auto page_shift = static_cast<unsigned>(std::countr_zero(page_size));
        const unsigned shift = page_shift + order, table_bits = page_shift - 3, leaf_bits = page_shift + 3;
        preserve_key(root, std::uint64_t{1} << (64 - shift) | address >> shift,
                     (64 - page_shift + 1 - leaf_bits + table_bits - 1) / table_bits);
    }
    void preserve_key(std::uint64_t node, std::uint64_t key, unsigned level) {
        const auto page_shift = static_cast<unsigned>(std::countr_zero(page_size));
        for (; level > 0; --level) {
            const unsigned shift = (level - 1) * (page_shift - 3) + page_shift + 3;
            const std::uint64_t entry = node + (key >> shift) % (page_size / 8) * 8;
            page(node);
            if (get(entry) == 0) {
                put(entry, next_node_);
                next_node_ += page_size;
            }
            node = get(entry);
        }
        set_bit(node, key % (page_size * 8));
    }

    PhysicalReader reader() const {
        return [this](std::uint64_t address, std::uint64_t size) -> Result<std::vector<std::byte>> {
            const auto found = pages.find(address / page_size * page_size);
            const std::uint64_t inside = address % page_size;
            if (found == pages.end() || inside + size > page_size)
                return fail(Errc::not_found, "no memory at {:#x}", address);
            const auto begin = found->second.begin() + static_cast<std::ptrdiff_t>(inside);
            return std::vector<std::byte>(begin, begin + static_cast<std::ptrdiff_t>(size));
        };
    }

private:
    std::uint64_t next_node_ = 0x9000000;
};

} // namespace kx::test
