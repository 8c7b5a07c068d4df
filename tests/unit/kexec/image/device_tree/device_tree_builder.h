// SPDX-License-Identifier: GPL-2.0-or-later
// Flattened device trees put together tag by tag, so that a test can build what no writer would:
//
//     DeviceTreeBuilder blob;
//     blob.begin("").property("compatible", "multikernel-v1\0"sv).end();
//     auto root = parse_device_tree(as_view(blob.build()));
#pragma once

#include "include/wire.h"

#include <cstddef>
#include <cstring>
#include <string_view>
#include <vector>

namespace kx::test {

class DeviceTreeBuilder {
public:
    be32 version = 17, last_compatible = 16;
    bool finished = true; // the structure block ends with FDT_END

    DeviceTreeBuilder& begin(std::string_view name) {
        cell(1);
        put(structure_, name.data(), name.size());
        structure_.emplace_back();
        return padded();
    }
    DeviceTreeBuilder& property(std::string_view name, std::string_view value = {}) {
        cell(3);
        cell(static_cast<std::uint32_t>(value.size()));
        cell(static_cast<std::uint32_t>(strings_.size()));
        put(structure_, value.data(), value.size());
        put(strings_, name.data(), name.size());
        strings_.emplace_back();
        return padded();
    }
    DeviceTreeBuilder& end() { return cell(2); }
    DeviceTreeBuilder& nop() { return cell(4); }
    DeviceTreeBuilder& cell(std::uint32_t value) {
        const be32 wire = value;
        put(structure_, &wire, sizeof(wire));
        return *this;
    }

    std::vector<std::byte> build() {
        if (finished)
            cell(9);
        constexpr std::uint32_t struct_offset = 40 + 16;
        const auto struct_size = static_cast<std::uint32_t>(structure_.size());
        const auto strings_size = static_cast<std::uint32_t>(strings_.size());
        const be32 header[] = {0xd00dfeed,
                               struct_offset + struct_size + strings_size,
                               struct_offset,
                               struct_offset + struct_size,
                               40,
                               version,
                               last_compatible,
                               0,
                               strings_size,
                               struct_size};
        std::vector<std::byte> blob;
        put(blob, header, sizeof(header));
        blob.resize(struct_offset);
        put(blob, structure_.data(), structure_.size());
        put(blob, strings_.data(), strings_.size());
        return blob;
    }

private:
    static void put(std::vector<std::byte>& out, const void* data, std::size_t size) {
        const auto* bytes = static_cast<const std::byte*>(data);
        out.insert(out.end(), bytes, bytes + size);
    }
    DeviceTreeBuilder& padded() {
        structure_.resize((structure_.size() + 3) / 4 * 4);
        return *this;
    }

    std::vector<std::byte> structure_, strings_;
};

} // namespace kx::test
