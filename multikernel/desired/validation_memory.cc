// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/text.h"
#include "multikernel/core/requests.h"
#include "multikernel/desired/validation_rules.h"

#include <algorithm>
#include <optional>

namespace kx {
namespace {

constexpr std::uint64_t page = 4096;
// The kernel of a distribution with a small initrd does not start in less.
constexpr std::uint64_t little = 96 << 20;

std::string size_text(std::uint64_t size) {
    return size % (1 << 20) == 0 || size < (1 << 20) ? size_argument(size) : size_argument(align_down(size, 1 << 10));
}

struct Piece {
    PhysRange range;
    bool planned; // of a pool that is still to be made: nobody knows its address
};

class MemoryRules {
public:
    explicit MemoryRules(Findings& findings) : findings_(findings), alignment_(findings.machine.memory_alignment) {}

    void check() {
        for (const PhysRange& range : findings_.machine.memory)
            pieces_.push_back({range, false});
        if (findings_.desired.pool)
            add_pool(*findings_.desired.pool);
        for (const InstanceShare* share : findings_.left_alone())
            taken_.insert(taken_.end(), share->memory.begin(), share->memory.end());
        // First memory that stays where it is, then wishes with a fixed place, then the rest.
        for (const DesiredInstance& instance : findings_.desired.instances)
            keep(instance);
        for (const DesiredInstance& instance : findings_.desired.instances)
            if (wants(instance) && has_place(instance))
                place_at(instance);
        for (const DesiredInstance& instance : findings_.desired.instances)
            if (wants(instance) && !has_place(instance))
                place(instance);
        check_leftover();
    }

private:
    const InstanceShare* own(const DesiredInstance& instance) const { return findings_.machine.find(instance.name); }
    static bool wants(const DesiredInstance& instance) {
        return instance.memory && instance.wanted() != DesiredStatus::absent;
    }

    bool native() const { return findings_.machine.dialect == MultikernelDialect::native; }
    // A multikernel kernel chooses the place of an instance's memory by itself.
    bool has_place(const DesiredInstance& instance) const { return instance.memory->address && !native(); }

    std::vector<PhysRange> free() const {
        std::vector<PhysRange> free;
        const auto taken = normalized(taken_);
        for (const Piece& piece : pieces_)
            for (const PhysRange& range : difference(std::span(&piece.range, 1), taken))
                free.push_back(range);
        return free;
    }

    bool is_planned(PhysRange range) const {
        return std::ranges::any_of(pieces_, [&](const Piece& p) { return p.planned && p.range.contains(range); });
    }

    std::string free_text() const {
        std::string text;
        for (const PhysRange& range : free())
            if (const std::uint64_t room = usable(range); room >= (1 << 20))
                text +=
                    fmt::format("{}{}{}", text.empty() ? "" : ", ", size_text(room),
                                is_planned(range) ? " of the pool to be made" : fmt::format(" at {:#x}", range.begin));
        return text.empty() ? "nothing is free" : "free: " + text;
    }

    std::uint64_t usable(PhysRange range) const {
        const auto begin = align_up(range.begin, alignment_);
        return begin && *begin < range.end ? align_down(range.end - *begin, page) : 0;
    }

    void add_pool(const DesiredPool& pool) {
        std::uint64_t wanted = 0;
        for (const MemoryRequest& request : pool.memory) {
            if (request.size == 0 || request.size % page != 0)
                findings_.error(
                    "pool", fmt::format("{:#x} bytes of memory are no whole pages", request.size),
                    fmt::format("whole pages of {} bytes: {:#x}", page, align_up(request.size, page).value_or(0)));
            wanted += request.size;
        }
        if (pool.memory_base && *pool.memory_base % page != 0)
            findings_.error("pool", fmt::format("memory at {:#x} does not begin at a page", *pool.memory_base));
        const std::uint64_t there = total_size(findings_.machine.memory);
        const std::uint64_t parked = native() ? pool_park_size * findings_.machine.memory.size() : 0;
        if (wanted <= there + parked || pool.memory.empty())
            return;
        // The pool that is there grows by what is missing; where there is none, by a piece for each request.
        std::uint64_t at = std::uint64_t{1} << 62;
        for (const MemoryRequest& request : pool.memory) {
            const std::uint64_t size =
                pieces_.empty() || at != std::uint64_t{1} << 62 || there == 0 ? request.size : wanted - there - parked;
            const std::uint64_t lost = native() ? pool_park_size : 0;
            if (const auto range = size > lost ? PhysRange::at(at + lost, size - lost) : std::nullopt)
                pieces_.push_back({*range, true});
            at += std::uint64_t{1} << 56;
            if (there != 0)
                break;
        }
    }

    void keep(const DesiredInstance& instance) {
        const InstanceShare* share = own(instance);
        if (!share || instance.wanted() == DesiredStatus::absent)
            return;
        std::uint64_t most = instance.memory ? instance.memory->size : UINT64_MAX;
        for (const PhysRange& range : share->memory) {
            if (const auto kept = PhysRange::at(range.begin, std::min(most, range.size())))
                taken_.push_back(*kept);
            most -= std::min(most, range.size());
        }
    }

    // Of what is missing.
    std::uint64_t missing(const DesiredInstance& instance) const {
        const InstanceShare* share = own(instance);
        const std::uint64_t there = share ? total_size(share->memory) : 0;
        return instance.memory->size > there ? instance.memory->size - there : 0;
    }

    bool check_size(const DesiredInstance& instance) {
        const std::uint64_t size = instance.memory->size;
        if (size == 0 || size % page != 0) {
            findings_.error(place_of(instance), fmt::format("{:#x} bytes of memory are no whole pages", size),
                            fmt::format("whole pages of {} bytes: {:#x}", page,
                                        align_up(std::max<std::uint64_t>(size, 1), page).value_or(0)));
            return false;
        }
        if (size < little)
            findings_.warning(place_of(instance), fmt::format("{} of memory is little", size_text(size)),
                              "a distribution's kernel with an initrd wants 128M or more");
        return true;
    }

    void place_at(const DesiredInstance& instance) {
        if (!check_size(instance))
            return;
        const InstanceShare* share = own(instance);
        const std::uint64_t address = *instance.memory->address;
        const auto wanted = PhysRange::at(address, instance.memory->size);
        if (share && wanted && share->memory == std::vector{*wanted})
            return;
        if (address % page != 0 || !wanted) {
            findings_.error(place_of(instance), fmt::format("its memory cannot begin at {:#x}", address),
                            "an address that is a whole page, " + free_text());
            return;
        }
        if (std::ranges::none_of(pieces_, [&](const Piece& piece) { return piece.range.contains(*wanted); }))
            findings_.error(place_of(instance),
                            fmt::format("its memory {:#x}-{:#x} is not in the pool", wanted->begin, wanted->end - 1),
                            free_text());
        else if (std::ranges::any_of(taken_, [&](PhysRange range) { return range.overlaps(*wanted); }))
            findings_.error(place_of(instance),
                            fmt::format("its memory {:#x}-{:#x} overlaps what another instance has", wanted->begin,
                                        wanted->end - 1),
                            free_text());
        taken_.push_back(*wanted);
    }

    bool keeps_memory(const DesiredInstance& instance) const {
        const InstanceShare* share = own(instance);
        return share && !share->memory.empty();
    }

    void take_in_pieces(std::uint64_t size) {
        for (const PhysRange& range : free()) {
            const std::uint64_t part = std::min(size, usable(range));
            if (part != 0)
                taken_.push_back(*PhysRange::at(*align_up(range.begin, alignment_), part));
            size -= part;
        }
    }

    void place(const DesiredInstance& instance) {
        if (!check_size(instance))
            return;
        const std::uint64_t size = missing(instance);
        const bool where_asked = own(instance) && !own(instance)->memory.empty() &&
                                 own(instance)->memory.front().begin == instance.memory->address;
        if (instance.memory->address && !where_asked)
            findings_.warning(place_of(instance),
                              fmt::format("the address {:#x} of its memory has no effect", *instance.memory->address),
                              "this kernel chooses the place of memory by itself");
        if (size == 0)
            return;
        std::optional<PhysRange> best;
        std::uint64_t room = 0;
        for (const PhysRange& range : free()) {
            room += usable(range);
            if (usable(range) >= size && (!best || range.size() < best->size()))
                best = range;
        }
        if (best) {
            taken_.push_back(*PhysRange::at(*align_up(best->begin, alignment_), size));
            return;
        }
        // A new instance's memory may be in several pieces on a multikernel kernel.
        if (native() && room >= size && !keeps_memory(instance)) {
            take_in_pieces(size);
            return;
        }
        const std::string what = own(instance) ? fmt::format("{} more of memory", size_text(size))
                                               : fmt::format("{} of memory", size_text(size));
        if (pieces_.empty())
            findings_.error(place_of(instance), "there is no pool whose memory it could have",
                            fmt::format("make one: multikernelctl pool {}", size_text(size + (1 << 20))));
        else if (room < size)
            findings_.error(place_of(instance), fmt::format("{} cannot be had", what), free_text());
        else
            findings_.error(place_of(instance), fmt::format("{} cannot be had in one piece", what), free_text());
    }

    void check_leftover() {
        if (!findings_.desired.pool || findings_.desired.instances.empty() || has_errors(findings_.problems))
            return;
        std::uint64_t left = 0, all = 0;
        for (const PhysRange& range : free())
            left += usable(range);
        for (const Piece& piece : pieces_)
            all += piece.range.size();
        if (all != 0 && left >= all / 4)
            findings_.warning("pool", fmt::format("no instance has {} of its memory", size_text(left)),
                              "the running kernel cannot use it while it is in the pool");
    }

    Findings& findings_;
    std::uint64_t alignment_;
    std::vector<Piece> pieces_;
    std::vector<PhysRange> taken_;
};

} // namespace

void check_memory(Findings& findings) {
    MemoryRules(findings).check();
}

} // namespace kx
