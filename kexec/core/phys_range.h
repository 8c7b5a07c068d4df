// SPDX-License-Identifier: GPL-2.0-or-later
// Half-open ranges of physical addresses, and sorted, disjoint lists of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kx {

// [begin, end), never empty nor wrapping when made by `at` or `between`. A range cannot hold the last byte of the
// 64-bit space; no machine has it.
struct PhysRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;

    static constexpr std::optional<PhysRange> at(std::uint64_t begin, std::uint64_t size) {
        if (size == 0 || size > UINT64_MAX - begin)
            return std::nullopt;
        return PhysRange{begin, begin + size};
    }
    static constexpr std::optional<PhysRange> between(std::uint64_t begin, std::uint64_t end) {
        if (begin >= end)
            return std::nullopt;
        return PhysRange{begin, end};
    }

    constexpr std::uint64_t size() const { return end - begin; }
    constexpr bool empty() const { return begin >= end; }
    constexpr bool contains(std::uint64_t address) const { return begin <= address && address < end; }
    constexpr bool contains(PhysRange other) const { return begin <= other.begin && other.end <= end; }
    constexpr bool overlaps(PhysRange other) const { return begin < other.end && other.begin < end; }
    constexpr std::optional<PhysRange> clipped_to(PhysRange other) const {
        return between(begin > other.begin ? begin : other.begin, end < other.end ? end : other.end);
    }

    friend constexpr bool operator==(PhysRange, PhysRange) = default;
};

// Sorted by address, without empty ranges, neighbours and overlaps merged.
std::vector<PhysRange> normalized(std::vector<PhysRange> ranges);

// Both arguments normalized, as is what comes back.
std::vector<PhysRange> intersection(std::span<const PhysRange> a, std::span<const PhysRange> b);
std::vector<PhysRange> difference(std::span<const PhysRange> from, std::span<const PhysRange> removed);

std::uint64_t total_size(std::span<const PhysRange> ranges);

// `alignment` is a power of two; rounding up past the 64-bit space gives nothing.
constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
    return value & ~(alignment - 1);
}
constexpr std::optional<std::uint64_t> align_up(std::uint64_t value, std::uint64_t alignment) {
    if (value > UINT64_MAX - (alignment - 1))
        return std::nullopt;
    return align_down(value + (alignment - 1), alignment);
}

} // namespace kx
