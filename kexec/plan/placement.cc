// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/plan/placement.h"

#include "include/uapi/kexec.h"
#include "kexec/core/shown.h"

#include <algorithm>
#include <bit>
#include <iterator>

namespace kx {
namespace {

std::optional<PhysRange> lowest_fit(PhysRange free, std::uint64_t size, std::uint64_t alignment) {
    const auto begin = align_up(free.begin, alignment);
    if (!begin || *begin >= free.end || size > free.end - *begin)
        return std::nullopt;
    return PhysRange::at(*begin, size);
}

std::optional<PhysRange> highest_fit(PhysRange free, std::uint64_t size, std::uint64_t alignment) {
    if (size > free.size())
        return std::nullopt;
    const std::uint64_t begin = align_down(free.end - size, alignment);
    if (begin < free.begin)
        return std::nullopt;
    return PhysRange::at(begin, size);
}

bool is_free(PhysRange wanted, std::span<const PhysRange> free) {
    return std::ranges::any_of(free, [wanted](PhysRange range) { return range.contains(wanted); });
}

std::uint64_t largest(std::span<const PhysRange> ranges) {
    std::uint64_t size = 0;
    for (PhysRange range : ranges)
        size = std::max(size, range.size());
    return size;
}

std::unexpected<Error> no_room(const Demand& demand, std::uint64_t size, std::span<const PhysRange> free) {
    std::string windows = shown(demand.window);
    std::vector<PhysRange> usable = intersection(free, std::span(&demand.window, 1));
    if (demand.second_window) {
        windows += fmt::format(" or {}", shown(*demand.second_window));
        std::ranges::copy(intersection(free, std::span(&*demand.second_window, 1)), std::back_inserter(usable));
    }
    return fail(Errc::no_room,
                "no room for {}: it needs {:#x} bytes aligned to {:#x} inside {}, and the largest of {} free stretches "
                "there has {:#x}",
                demand.name, size, demand.alignment, windows, usable.size(), largest(usable));
}

std::optional<PhysRange> fit(const Demand& demand, std::uint64_t size, PhysRange window,
                             std::span<const PhysRange> free) {
    std::vector<PhysRange> usable = intersection(free, std::span(&window, 1));
    if (demand.prefer == Prefer::high)
        std::ranges::reverse(usable);
    for (PhysRange range : usable) {
        const auto place = demand.prefer == Prefer::low ? lowest_fit(range, size, demand.alignment)
                                                        : highest_fit(range, size, demand.alignment);
        if (place)
            return place;
    }
    return std::nullopt;
}

Result<PhysRange> find_place(const Demand& demand, std::uint64_t size, std::span<const PhysRange> free) {
    if (demand.fixed_address) {
        const auto wanted = PhysRange::at(*demand.fixed_address, size);
        if (!wanted || *demand.fixed_address % demand.alignment != 0)
            return fail(Errc::malformed, "{} asks for address {:#x}, which is not aligned to {:#x}", demand.name,
                        *demand.fixed_address, demand.alignment);
        if (!demand.window.contains(*wanted) || !is_free(*wanted, free))
            return fail(Errc::no_room, "{} must lie at {}, which is not all free memory", demand.name, shown(*wanted));
        return *wanted;
    }

    auto place = fit(demand, size, demand.window, free);
    if (!place && demand.second_window)
        place = fit(demand, size, *demand.second_window, free);
    if (!place)
        return no_room(demand, size, free);
    return *place;
}

Result<std::uint64_t> checked_memory_size(Demand& demand) {
    if (!std::has_single_bit(demand.alignment))
        return fail(Errc::malformed, "{} asks for an alignment of {:#x}, which is no power of two", demand.name,
                    demand.alignment);
    demand.alignment = std::max(demand.alignment, page_size);
    const auto size = align_up(std::max(demand.memory_size, demand.byte_size()), page_size);
    if (!size || *size == 0)
        return fail(Errc::malformed, "{} asks for {:#x} bytes of memory", demand.name, demand.memory_size);
    return *size;
}

Bytes joined(const Segment& low, const Segment& high) {
    std::vector<std::byte> bytes(low.memory().size() + high.byte_size());
    std::ranges::copy(low.content().view().bytes(), bytes.begin());
    std::ranges::copy(high.content().view().bytes(), bytes.begin() + static_cast<std::ptrdiff_t>(low.memory().size()));
    return Bytes::owning(std::move(bytes));
}

} // namespace

Result<Placement> place(std::vector<Demand> demands, std::span<const PhysRange> free_ram) {
    // Whole pages only: a segment is a run of pages.
    std::vector<PhysRange> free;
    for (PhysRange range : free_ram) {
        const auto begin = align_up(range.begin, page_size);
        if (const auto pages = PhysRange::between(begin.value_or(range.end), align_down(range.end, page_size)))
            free.push_back(*pages);
    }

    Placement placement;
    for (const bool fixed : {true, false}) {
        for (Demand& demand : demands) {
            if (demand.fixed_address.has_value() != fixed)
                continue;
            const std::uint64_t size = KX_TRY(checked_memory_size(demand));
            const PhysRange memory = KX_TRY(find_place(demand, size, free));
            free = difference(free, std::span(&memory, 1));
            placement.placed_.push_back({demand.name, memory});
            placement.segments_.push_back(Segment(std::move(demand), memory));
        }
    }
    std::ranges::sort(placement.segments_, {}, [](const Segment& segment) { return segment.memory().begin; });
    return placement;
}

const Segment* Placement::find(std::string_view name) const {
    const auto found = std::ranges::find(segments_, name, &Segment::name);
    return found == segments_.end() ? nullptr : &*found;
}

Result<std::uint64_t> Placement::address_of(std::string_view name, std::uint64_t offset) const {
    const auto found = std::ranges::find(placed_, name, &NamedRange::name);
    if (found == placed_.end())
        return fail(Errc::not_found, "the plan has no segment \"{}\"", name);
    if (offset >= found->memory.size())
        return fail(Errc::malformed, "offset {:#x} lies outside the segment \"{}\" of {:#x} bytes", offset, name,
                    found->memory.size());
    return found->memory.begin + offset;
}

Result<> Placement::compose_one(Segment& segment) {
    std::vector<std::byte> bytes(segment.demand_.composed_size);
    KX_TRY(within(segment.name(), segment.demand_.composer(bytes, *this)));
    segment.demand_.content = Bytes::owning(std::move(bytes));
    segment.demand_.composer = nullptr;
    return {};
}

Result<> Placement::compose(std::string_view last) {
    for (Segment& segment : segments_) {
        if (segment.demand_.composer && segment.name() != last)
            KX_TRY(compose_one(segment));
    }
    KX_TRY(merge_neighbours(last));
    for (Segment& segment : segments_) {
        if (segment.demand_.composer)
            KX_TRY(compose_one(segment));
    }
    return {};
}

Result<> Placement::merge_neighbours(std::string_view except) {
    while (segments_.size() > uapi::kexec_segment_max) {
        const auto touching = [except](const Segment& low, const Segment& high) {
            return low.memory().end == high.memory().begin && low.name() != except && high.name() != except &&
                   low.guarded() == high.guarded();
        };
        const auto low = std::ranges::adjacent_find(segments_, touching);
        if (low == segments_.end())
            return fail(Errc::unsupported,
                        "the plan has {} segments and the kernel takes at most {}; no more of them can be merged",
                        segments_.size(), uapi::kexec_segment_max);
        const auto high = low + 1;
        low->demand_.content = joined(*low, *high);
        low->demand_.name += "+" + high->name();
        low->memory_.end = high->memory_.end;
        segments_.erase(high);
    }
    return {};
}

} // namespace kx
