// SPDX-License-Identifier: GPL-2.0-or-later
// Immutable bytes together with what keeps them alive: a mapped file, or memory that something was unpacked into.
// Copies share the owner; a part keeps the whole alive.
#pragma once

#include "kexec/core/byte_view.h"

#include <memory>
#include <vector>

namespace kx {

class Bytes {
public:
    Bytes() = default;

    static Bytes owning(std::vector<std::byte> content) {
        auto owner = std::make_shared<const std::vector<std::byte>>(std::move(content));
        return Bytes(ByteView(*owner), owner, false);
    }

    // Bytes in memory that `owner` frees.
    static Bytes owning(ByteView view, std::shared_ptr<const void> owner) {
        return Bytes(view, std::move(owner), false);
    }

    // Bytes of a file mapping that `owner` unmaps.
    static Bytes mapped(ByteView view, std::shared_ptr<const void> owner) {
        return Bytes(view, std::move(owner), true);
    }

    ByteView view() const { return view_; }
    std::uint64_t size() const { return view_.size(); }
    Bytes part(ByteView inside) const { return Bytes(inside, owner_, from_file_); }

    // Lets go of the memory behind `part` of these bytes where a file can give it back; a later access reads the file
    // again. For readers that pass once over a large file. Does nothing to bytes that are no file mapping.
    void drop_pages(ByteView part) const;

private:
    Bytes(ByteView view, std::shared_ptr<const void> owner, bool from_file)
        : view_(view), owner_(std::move(owner)), from_file_(from_file) {}

    ByteView view_;
    std::shared_ptr<const void> owner_;
    bool from_file_ = false;
};

} // namespace kx
