// SPDX-License-Identifier: GPL-2.0-or-later
// Immutable bytes together with what keeps them alive: a mapped file, or memory that something was unpacked into.
// Copies share the owner; a part keeps the whole alive.
#pragma once

#include "core/byte_view.h"

#include <memory>
#include <vector>

namespace kx {

class Bytes {
public:
    Bytes() = default;
    Bytes(ByteView view, std::shared_ptr<const void> owner) : view_(view), owner_(std::move(owner)) {}

    static Bytes owning(std::vector<std::byte> content) {
        auto owner = std::make_shared<const std::vector<std::byte>>(std::move(content));
        return Bytes(ByteView(*owner), owner);
    }

    ByteView view() const { return view_; }
    std::uint64_t size() const { return view_.size(); }
    Bytes part(ByteView inside) const { return Bytes(inside, owner_); }

private:
    ByteView view_;
    std::shared_ptr<const void> owner_;
};

} // namespace kx
