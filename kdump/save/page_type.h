// SPDX-License-Identifier: GPL-2.0-or-later
// What a kernel notes in a struct page about the use of the page: a type, in the word that counts mappings where there
// is none (page_type, _mapcount). The values are vmcoreinfo's, and their form tells how they are meant:
//
//     -128                    before 4.18: the whole word
//     ~0x80                   4.18 to 6.10: the word with the bit of one type cleared, all others set
//     ~0x40000000             6.11: the same, but the low half of the word is the owner's
//     0xf0000000              6.12 and later: the highest byte; the others are the owner's
#pragma once

#include <cstdint>
#include <optional>

namespace kx {

class PageType {
public:
    // Nothing where the value cannot be a type: a count of mappings, or one that was decreased too often.
    static std::optional<PageType> told(std::int64_t value);

    // Whether the word has this type and no other.
    bool matches(std::uint32_t word) const { return (word & mask_) == value_; }

private:
    PageType(std::uint32_t value, std::uint32_t mask) : value_(value & mask), mask_(mask) {}

    std::uint32_t value_;
    std::uint32_t mask_;
};

inline constexpr std::uint32_t no_page_type = UINT32_MAX; // what the word is for a page that nobody maps

// Whether the page has any type: the word is neither a count of mappings nor no_page_type.
constexpr bool has_page_type(std::uint32_t word) {
    return static_cast<std::int32_t>(word) < static_cast<std::int32_t>(no_page_type);
}

} // namespace kx
