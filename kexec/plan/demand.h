// SPDX-License-Identifier: GPL-2.0-or-later
// Stages of a load as types: a Demand says what must be in memory and which places would do, and has no address; only
// place() makes a Segment; compose() fills in the bytes that depend on addresses.
#pragma once

#include "kexec/core/bytes.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace kx {

class Placement;

inline constexpr std::uint64_t page_size = 4096;
inline constexpr PhysRange anywhere{0, std::numeric_limits<std::uint64_t>::max()};

// Writes bytes that depend on where the segments came to lie. `out` is zeroed and has the size the demand asked for.
using Composer = std::function<Result<>(std::span<std::byte> out, const Placement& placement)>;

enum class Prefer { low, high }; // which end of the free memory to fill first

struct Demand {
    std::string name;                // "kernel", "initrd" …: unique in a plan; users and purgatory's messages see it
    std::string source;              // the file the bytes come from, empty where this program made them
    Bytes content;                   // ready bytes (borrowed from a mapped file where possible) …
    std::uint64_t composed_size = 0; // … or this many bytes, by `composer`, once addresses are known
    Composer composer;
    std::uint64_t memory_size = 0;          // at least the bytes' size; the kernel zeroes the rest
    std::uint64_t alignment = page_size;    // power of two
    PhysRange window = anywhere;            // the whole segment lies in here (physical) …
    std::optional<PhysRange> second_window; // … or, where there is no room, in here
    Prefer prefer = Prefer::low;
    std::optional<std::uint64_t> fixed_address; // must be free, or the plan is refused
    bool guarded = true;                        // purgatory's digest covers its bytes

    std::uint64_t byte_size() const { return composer ? composed_size : content.size(); }
};

} // namespace kx
