// SPDX-License-Identifier: GPL-2.0-or-later
// From demands to addresses, purely: sorted disjoint free ranges in, page-aligned segments that do not overlap out, or
// an error that says which demand did not fit where.
#pragma once

#include "kexec/plan/demand.h"

#include <span>
#include <string_view>

namespace kx {

// A demand with an address. Only place() makes one.
class Segment {
public:
    const std::string& name() const { return demand_.name; }
    const std::string& source() const { return demand_.source; }
    PhysRange memory() const { return memory_; } // page aligned
    std::uint64_t byte_size() const { return demand_.byte_size(); }
    bool guarded() const { return demand_.guarded; }
    // The bytes for the system call: ready ones at once, composed ones after compose().
    const Bytes& content() const { return demand_.content; }

private:
    friend class Placement;
    friend Result<Placement> place(std::vector<Demand>, std::span<const PhysRange>);
    Segment(Demand demand, PhysRange memory) : demand_(std::move(demand)), memory_(memory) {}
    Demand demand_;
    PhysRange memory_;
};

class Placement {
public:
    const std::vector<Segment>& segments() const { return segments_; } // sorted by address
    const Segment* find(std::string_view name) const;
    // The physical address of `offset` inside the segment `name`, also after it was merged into another. A composer may
    // ask for any segment of the plan.
    Result<std::uint64_t> address_of(std::string_view name, std::uint64_t offset = 0) const;

    // Gives every segment its bytes. If there are more segments than the system call takes, first merges segments that
    // touch; refuses the plan if that is not enough. Then runs every composer once, that of the segment `last` after
    // the others, because it reads their bytes (purgatory's digests).
    Result<> compose(std::string_view last = {});

private:
    friend Result<Placement> place(std::vector<Demand>, std::span<const PhysRange>);
    Result<> compose_one(Segment& segment);
    Result<> merge_neighbours(std::string_view except);
    struct NamedRange {
        std::string name;
        PhysRange memory;
    };
    std::vector<Segment> segments_;
    std::vector<NamedRange> placed_; // as place() left it
};

// Demands with a fixed address first, then the others in the order given. `free_ram` is normalized.
Result<Placement> place(std::vector<Demand> demands, std::span<const PhysRange> free_ram);

} // namespace kx
