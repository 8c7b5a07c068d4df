// SPDX-License-Identifier: GPL-2.0-or-later
// The only way to read bytes from outside. The view checks every access, without overflow; a refusal names the offset
// in the file that the view was cut from.
#pragma once

#include "include/wire.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace kx {

class ByteView {
public:
    ByteView() = default;
    // `origin` is the file offset of the first byte; the view borrows the bytes.
    explicit ByteView(std::span<const std::byte> bytes, std::uint64_t origin = 0) : bytes_(bytes), origin_(origin) {}

    std::uint64_t size() const { return bytes_.size(); }
    bool empty() const { return bytes_.empty(); }
    std::uint64_t origin() const { return origin_; }
    std::span<const std::byte> bytes() const { return bytes_; }

    Result<ByteView> slice(std::uint64_t offset, std::uint64_t length) const;
    Result<ByteView> from(std::uint64_t offset) const; // to the end

    template <WireLayout T> Result<T> read(std::uint64_t offset) const {
        auto part = KX_TRY(slice(offset, sizeof(T)));
        T value;
        std::memcpy(&value, part.bytes_.data(), sizeof(T));
        return value;
    }

    // `count` consecutive values; a count that the view cannot hold fails before anything is allocated.
    template <WireLayout T> Result<std::vector<T>> table(std::uint64_t offset, std::uint64_t count) const {
        if (count > size() / sizeof(T))
            return fail(Errc::malformed, "a table of {} entries at {:#x} runs past the end ({:#x})", count,
                        origin_ + offset, origin_ + size());
        auto part = KX_TRY(slice(offset, count * sizeof(T)));
        std::vector<T> values(count);
        if (count)
            std::memcpy(values.data(), part.bytes_.data(), count * sizeof(T));
        return values;
    }

    // Whether exactly these bytes stand at `offset`; false where the view is too short, too.
    bool has(std::uint64_t offset, std::string_view magic) const;

    // The text from `offset` up to a NUL, which must come within `limit` bytes and inside the view.
    Result<std::string_view> text(std::uint64_t offset, std::uint64_t limit) const;

private:
    std::span<const std::byte> bytes_;
    std::uint64_t origin_ = 0;
};

} // namespace kx
