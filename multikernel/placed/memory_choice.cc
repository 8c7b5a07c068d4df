// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/memory_choice.h"

#include "kexec/core/text.h"
#include "multikernel/core/memory_wish.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace kx {
namespace {

std::string argument_of(PhysRange range) {
    return fmt::format("{}@{:#x}", size_argument(range.size()), range.begin);
}

std::string text_of_free(std::span<const PhysRange> free) {
    constexpr std::size_t most_shown = 8;
    std::string text;
    for (const PhysRange& range : free.first(std::min(free.size(), most_shown)))
        text += fmt::format("{}{}", text.empty() ? "" : ", ", argument_of(range));
    if (free.size() > most_shown)
        text += fmt::format(" and {} more", free.size() - most_shown);
    return text.empty() ? "nothing is free" : "free: " + text;
}

std::optional<PhysRange> smallest_that_holds(std::uint64_t size, std::span<const PhysRange> free) {
    std::optional<PhysRange> best;
    std::uint64_t room = UINT64_MAX;
    for (const PhysRange& range : free) {
        const auto begin = align_up(range.begin, instance_alignment);
        const auto wanted = begin ? PhysRange::at(*begin, size) : std::nullopt;
        if (wanted && range.contains(*wanted) && range.size() < room) {
            best = wanted;
            room = range.size();
        }
    }
    return best;
}

// Why `wanted` is in none of the free ranges.
std::string obstacle(PhysRange wanted, std::span<const PoolRange> pool, std::span<const PhysRange> taken) {
    for (const PhysRange& held : taken)
        if (held.overlaps(wanted))
            return fmt::format("an instance holds {:#x}-{:#x}", held.begin, held.end - 1);
    std::vector<PhysRange> all;
    for (const PoolRange& entry : pool)
        all.push_back(entry.range);
    const auto outside = difference(std::span(&wanted, 1), normalized(std::move(all)));
    if (outside.empty())
        return "part of it is reserved since boot, part of it in offline blocks: an instance takes the one or the "
               "other";
    return fmt::format("{:#x}-{:#x} is not in the pool: the running kernel uses it, or there is no RAM",
                       outside.front().begin, outside.front().end - 1);
}

} // namespace

std::optional<std::vector<PhysRange>> last_pieces_of(std::span<const PhysRange> pieces, std::uint64_t size) {
    // Every sum of sizes that some pieces have, with these pieces. Takes each piece once, the last first.
    constexpr std::size_t most_sums = 4096;
    std::map<std::uint64_t, std::vector<PhysRange>> sums{{0, {}}};
    for (std::size_t i = pieces.size(); i-- > 0 && !sums.contains(size);) {
        auto more = sums;
        for (const auto& [sum, chosen] : sums) {
            if (pieces[i].size() > size - std::min(size, sum) || more.size() >= most_sums)
                continue;
            auto with = chosen;
            with.push_back(pieces[i]);
            more.try_emplace(sum + pieces[i].size(), std::move(with));
        }
        sums = std::move(more);
    }
    const auto found = sums.find(size);
    return size != 0 && found != sums.end() ? std::optional(found->second) : std::nullopt;
}

Result<PhysRange> choose_memory(const MemoryWish& wish, std::span<const PoolRange> pool,
                                std::span<const PhysRange> taken) {
    if (pool.empty())
        return fail(Errc::no_room, "there is no memory for instances: reserve some at boot (memmap=256M$0x20000000) or "
                                   "put memory blocks offline (multikernelctl pool 256M, or kexec "
                                   "--multikernel-pool=256M)");
    const auto free = free_pool(pool, taken);
    if (!wish.address) {
        if (const auto chosen = smallest_that_holds(wish.size, free))
            return *chosen;
        return fail(Errc::no_room, "no free range holds {} at a multiple of {}; {}", size_argument(wish.size),
                    size_argument(instance_alignment), text_of_free(free));
    }
    const auto wanted = PhysRange::at(*wish.address, wish.size);
    if (!wanted)
        return fail(Errc::usage, "{:#x} bytes at {:#x} run past the end of memory", wish.size, *wish.address);
    if (std::ranges::any_of(free, [&](const PhysRange& range) { return range.contains(*wanted); }))
        return *wanted;
    return fail(Errc::no_room, "{} is not free: {}; {}", argument_of(*wanted), obstacle(*wanted, pool, taken),
                text_of_free(free));
}

} // namespace kx
