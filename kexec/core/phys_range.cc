// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/phys_range.h"

#include <algorithm>

namespace kx {

std::vector<PhysRange> normalized(std::vector<PhysRange> ranges) {
    std::erase_if(ranges, [](PhysRange range) { return range.empty(); });
    std::ranges::sort(ranges, {}, &PhysRange::begin);
    std::vector<PhysRange> merged;
    for (PhysRange range : ranges) {
        if (!merged.empty() && range.begin <= merged.back().end)
            merged.back().end = std::max(merged.back().end, range.end);
        else
            merged.push_back(range);
    }
    return merged;
}

std::vector<PhysRange> intersection(std::span<const PhysRange> a, std::span<const PhysRange> b) {
    std::vector<PhysRange> shared;
    while (!a.empty() && !b.empty()) {
        if (auto both = a.front().clipped_to(b.front()))
            shared.push_back(*both);
        if (a.front().end < b.front().end)
            a = a.subspan(1);
        else
            b = b.subspan(1);
    }
    return shared;
}

std::vector<PhysRange> difference(std::span<const PhysRange> from, std::span<const PhysRange> removed) {
    std::vector<PhysRange> rest;
    for (PhysRange range : from) {
        while (!removed.empty() && removed.front().end <= range.begin)
            removed = removed.subspan(1);
        std::uint64_t begin = range.begin;
        for (PhysRange hole : removed) {
            if (hole.begin >= range.end)
                break;
            if (auto part = PhysRange::between(begin, hole.begin))
                rest.push_back(*part);
            begin = std::max(begin, hole.end);
        }
        if (auto part = PhysRange::between(begin, range.end))
            rest.push_back(*part);
    }
    return rest;
}

std::uint64_t total_size(std::span<const PhysRange> ranges) {
    std::uint64_t total = 0;
    for (PhysRange range : ranges)
        total += range.size();
    return total;
}

} // namespace kx
