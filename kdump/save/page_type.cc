// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/page_type.h"

#include <bit>
#include <limits>

namespace kx {
namespace {

constexpr std::int32_t largest_type = -128; // as a count of mappings; above it are counts that were decreased too often
constexpr std::uint32_t highest_byte = 0xff000000;
constexpr std::uint32_t low_half = 0x0000ffff;

} // namespace

std::optional<PageType> PageType::told(std::int64_t value) {
    // A kernel may print its 32 bits as a signed number or as an unsigned one.
    if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::uint32_t>::max())
        return std::nullopt;
    const auto word = static_cast<std::uint32_t>(value);
    if (static_cast<std::int32_t>(word) > largest_type || word == highest_byte)
        return std::nullopt;
    if ((word & ~highest_byte) == 0)
        return PageType(word, highest_byte);
    if (std::has_single_bit(~word) && ~word > low_half)
        return PageType(word, ~low_half);
    return PageType(word, UINT32_MAX);
}

} // namespace kx
