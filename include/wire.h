// SPDX-License-Identifier: GPL-2.0-or-later
// Integers as files and firmware tables hold them: bytes in a stated order, alignment 1. A struct built only of these
// has no padding and may be read from any offset.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace kx {

template <std::unsigned_integral T, bool BigEndian> class WireInteger {
public:
    constexpr WireInteger() = default;
    constexpr WireInteger(T value) { *this = value; }

    constexpr WireInteger& operator=(T value) {
        if
            !consteval {
                value = in_this_order(value);
                std::memcpy(bytes_.data(), &value, sizeof(T));
                return *this;
            }
        for (std::size_t i = 0; i < sizeof(T); ++i)
            bytes_[BigEndian ? sizeof(T) - 1 - i : i] = static_cast<std::uint8_t>(value >> (8 * i));
        return *this;
    }

    constexpr operator T() const {
        T value = 0;
        if
            !consteval {
                std::memcpy(&value, bytes_.data(), sizeof(T));
                return in_this_order(value);
            }
        for (std::size_t i = 0; i < sizeof(T); ++i)
            value = static_cast<T>(value | static_cast<T>(T{bytes_[BigEndian ? sizeof(T) - 1 - i : i]} << (8 * i)));
        return value;
    }

private:
    // From the machine's order to the stated one, and back.
    static constexpr T in_this_order(T value) {
        return BigEndian == (std::endian::native == std::endian::big) ? value : std::byteswap(value);
    }

    std::array<std::uint8_t, sizeof(T)> bytes_{};
};

using le16 = WireInteger<std::uint16_t, false>;
using le32 = WireInteger<std::uint32_t, false>;
using le64 = WireInteger<std::uint64_t, false>;
using be16 = WireInteger<std::uint16_t, true>;
using be32 = WireInteger<std::uint32_t, true>;
using be64 = WireInteger<std::uint64_t, true>;

// What may be read from, and written to, foreign bytes.
template <typename T>
concept WireLayout = std::is_trivially_copyable_v<T> && alignof(T) == 1;

} // namespace kx
