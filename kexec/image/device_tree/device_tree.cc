// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/device_tree/device_tree.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <optional>

#include <libfdt.h>

namespace kx {
namespace {

constexpr std::uint64_t header_size = 40;
constexpr std::uint32_t oldest_version = 16;
constexpr std::uint32_t our_version = 17;
constexpr std::size_t most_levels = 64;
constexpr std::size_t most_nodes = 65536;

bool is_name(std::string_view name, std::string_view also) {
    return !name.empty() && std::ranges::all_of(name, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view(",._+-").contains(c) || also.contains(c);
    });
}

// A name that is there more than once.
template <typename Named> std::optional<std::string> name_given_twice(const std::vector<Named>& all) {
    std::vector<std::string_view> names;
    names.reserve(all.size());
    for (const Named& one : all)
        names.push_back(one.name);
    std::ranges::sort(names);
    const auto twice = std::ranges::adjacent_find(names);
    if (twice == names.end())
        return std::nullopt;
    return std::string(*twice);
}

// Reads the structure block tag by tag; `blob` is aligned, as libfdt wants it, and `totalsize` bytes long.
class Reader {
public:
    Reader(std::span<const std::byte> blob, std::uint64_t origin)
        : fdt_(blob.data()), struct_offset_(origin + fdt_off_dt_struct(blob.data())) {}

    Result<DeviceTreeNode> read() {
        int offset = 0;
        for (;;) {
            at_ = offset;
            const auto tag = fdt_next_tag(fdt_, offset, &offset);
            if (offset < 0)
                return fail(Errc::malformed, "structure block at {:#x}: {}", here(), fdt_strerror(offset));
            if (tag == FDT_END)
                break;
            KX_TRY(take(tag));
        }
        if (!open_.empty() || nodes_ == 0)
            return fail(Errc::malformed, "the structure block ends at {:#x} with {} of {} nodes open", here(),
                        open_.size(), nodes_);
        return std::move(root_);
    }

private:
    std::uint64_t here() const { return struct_offset_ + static_cast<std::uint64_t>(at_); }

    Result<> take(std::uint32_t tag) {
        switch (tag) {
        case FDT_BEGIN_NODE:
            return begin_node();
        case FDT_PROP:
            return property();
        case FDT_END_NODE:
            return end_node();
        default: // FDT_NOP
            return {};
        }
    }

    Result<> begin_node() {
        int length = 0;
        const char* text = fdt_get_name(fdt_, at_, &length);
        if (!text)
            return fail(Errc::malformed, "node at {:#x}: {}", here(), fdt_strerror(length));
        const std::string_view name(text, static_cast<std::size_t>(length));
        if (++nodes_ > most_nodes)
            return fail(Errc::malformed, "node at {:#x}: more than {} nodes", here(), most_nodes);
        if (open_.empty())
            return begin_root(name);
        if (!is_name(name, "@"))
            return fail(Errc::malformed, "node at {:#x}: a name of {} bytes that device trees do not allow", here(),
                        name.size());
        if (open_.size() == most_levels)
            return fail(Errc::malformed, "node {} at {:#x}: more than {} levels", name, here(), most_levels);
        open_.push_back(&open_.back()->add(name));
        return {};
    }

    Result<> begin_root(std::string_view name) {
        if (nodes_ > 1)
            return fail(Errc::malformed, "node at {:#x}: a second root", here());
        if (!name.empty())
            return fail(Errc::malformed, "node at {:#x}: the root has a name of {} bytes, and may have none", here(),
                        name.size());
        open_.push_back(&root_);
        return {};
    }

    Result<> property() {
        int length = 0;
        const char* name = nullptr;
        if (open_.empty())
            return fail(Errc::malformed, "property at {:#x}: it is in no node", here());
        const void* value = fdt_getprop_by_offset(fdt_, at_, &name, &length);
        if (!value)
            return fail(Errc::malformed, "property at {:#x}: {}", here(), fdt_strerror(length));
        if (length < 0) // libfdt 1.6 lets 0xffffffff pass
            return fail(Errc::malformed, "property at {:#x}: a value of {:#x} bytes", here(),
                        static_cast<unsigned>(length));
        if (!is_name(name, "?#"))
            return fail(Errc::malformed, "property at {:#x}: a name of {} bytes that device trees do not allow", here(),
                        std::strlen(name));
        if (!open_.back()->children.empty())
            return fail(Errc::malformed, "property {} at {:#x}: it is behind a child of its node", name, here());
        const auto* bytes = static_cast<const std::byte*>(value);
        open_.back()->properties.push_back({.name = name, .value = {bytes, bytes + length}});
        return {};
    }

    Result<> end_node() {
        if (open_.empty())
            return fail(Errc::malformed, "end of a node at {:#x}: none is open", here());
        const DeviceTreeNode& node = *open_.back();
        if (const auto name = name_given_twice(node.properties))
            return fail(Errc::malformed, "node \"/{}\", which ends at {:#x}: property {} is there twice", node.name,
                        here(), *name);
        if (const auto name = name_given_twice(node.children))
            return fail(Errc::malformed, "node \"/{}\", which ends at {:#x}: node {} is there twice", node.name, here(),
                        *name);
        open_.pop_back();
        return {};
    }

    const void* fdt_;
    std::uint64_t struct_offset_;
    int at_ = 0;
    std::size_t nodes_ = 0;
    DeviceTreeNode root_;
    std::vector<DeviceTreeNode*> open_; // a node gets no sibling while it is open: the pointers hold
};

Result<std::vector<std::byte>> checked_blob(ByteView file) {
    if (file.size() < header_size)
        return fail(Errc::malformed, "a device tree's header has {} bytes, and {} are there", header_size, file.size());
    const std::uint64_t total = KX_TRY(file.read<be32>(4));
    const std::uint32_t version = KX_TRY(file.read<be32>(20));
    const std::uint32_t compatible = KX_TRY(file.read<be32>(24));
    if (version < oldest_version || compatible > our_version)
        return fail(Errc::unsupported, "a device tree of version {}, for readers of version {} on: {} and {} are known",
                    version, compatible, oldest_version, our_version);
    if (total > file.size())
        return fail(Errc::malformed, "totalsize at {:#x} says {:#x} bytes, and {:#x} are there", file.origin() + 4,
                    total, file.size());
    if (total < header_size)
        return fail(Errc::malformed, "totalsize at {:#x} says {:#x} bytes, less than a header", file.origin() + 4,
                    total);
    const auto bytes = file.bytes().first(total);
    std::vector<std::byte> blob(bytes.begin(), bytes.end());
    if (const int error = fdt_check_header(blob.data()))
        return fail(Errc::malformed, "device tree's header at {:#x}: {}", file.origin(), fdt_strerror(error));
    return blob;
}

// libfdt calls in a row; the first that fails is kept, and the others are left out.
class Writer {
public:
    explicit Writer(std::uint64_t room) : blob_(room) {
        step(fdt_create(blob_.data(), static_cast<int>(room)));
        step_if([&] { return fdt_finish_reservemap(blob_.data()); });
    }

    void node(const DeviceTreeNode& node) {
        step_if([&] { return fdt_begin_node(blob_.data(), node.name.c_str()); });
        for (const auto& property : node.properties)
            step_if([&] {
                return fdt_property(blob_.data(), property.name.c_str(), property.value.data(),
                                    static_cast<int>(property.value.size()));
            });
        for (const auto& child : node.children)
            this->node(child);
        step_if([&] { return fdt_end_node(blob_.data()); });
    }

    Result<std::vector<std::byte>> finish() && {
        step_if([&] { return fdt_finish(blob_.data()); });
        if (error_)
            return fail(Errc::malformed, "a device tree cannot be written: {}", fdt_strerror(error_));
        blob_.resize(fdt_totalsize(blob_.data()));
        return std::move(blob_);
    }

private:
    void step(int error) { error_ = error; }
    void step_if(auto call) {
        if (!error_)
            step(call());
    }

    std::vector<std::byte> blob_;
    int error_ = 0;
};

constexpr std::uint64_t cells(std::uint64_t bytes) {
    return (bytes + 3) / 4 * 4;
}

// The most that the node can take, when it shares no name with another.
std::uint64_t room_for(const DeviceTreeNode& node) {
    std::uint64_t room = 8 + cells(node.name.size() + 1);
    for (const auto& property : node.properties)
        room += 12 + cells(property.value.size()) + property.name.size() + 1;
    for (const auto& child : node.children)
        room += room_for(child);
    return room;
}

} // namespace

bool is_device_tree(ByteView file) {
    return file.has(0, "\xd0\x0d\xfe\xed");
}

Result<DeviceTreeNode> parse_device_tree(ByteView file) {
    if (!is_device_tree(file))
        return fail(Errc::not_this_format, "no device tree: 0xd00dfeed at {:#x} is missing", file.origin());
    const auto blob = KX_TRY(checked_blob(file));
    auto root = KX_TRY(Reader(blob, file.origin()).read());
    if (const int error = fdt_check_full(blob.data(), blob.size()))
        return fail(Errc::malformed, "device tree at {:#x}: {}", file.origin(), fdt_strerror(error));
    return root;
}

Result<std::vector<std::byte>> device_tree_blob(const DeviceTreeNode& root, std::uint64_t limit) {
    constexpr std::uint64_t frame = 48 + 16 + 4; // header, empty memory reservation block, FDT_END
    const std::uint64_t room = frame + room_for(root);
    if (room > INT_MAX)
        return fail(Errc::no_room, "a device tree of {:#x} bytes: {:#x} are possible", room, limit);
    Writer writer(room);
    writer.node(root);
    auto blob = KX_TRY(std::move(writer).finish());
    if (blob.size() > limit)
        return fail(Errc::no_room, "the device tree has {} bytes, and {} at most are possible", blob.size(), limit);
    return blob;
}

} // namespace kx
