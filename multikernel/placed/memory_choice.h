// SPDX-License-Identifier: GPL-2.0-or-later
// Which memory of the pool an instance gets, and which memory blocks would make the pool larger. Everything here is
// pure. Addresses are physical.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/memory_blocks.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/placed/memory_pool.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

// Where no address was wished for.
inline constexpr std::uint64_t instance_alignment = 2 << 20;

// Whole pieces whose sizes add up to exactly this size, preferring the last ones; nothing if no pieces do.
std::optional<std::vector<PhysRange>> last_pieces_of(std::span<const PhysRange> pieces, std::uint64_t size);

// One range of exactly the wished size: at the wished address, or aligned to instance_alignment in the smallest free
// range that holds it. Errc::no_room says what was free, as --memory takes it, and where an instance or the running
// kernel is in the way.
Result<PhysRange> choose_memory(const MemoryWish& wish, std::span<const PoolRange> pool,
                                std::span<const PhysRange> taken);

// Which blocks to put offline so that the pool has one more free range of at least `size` bytes. Each answer is a run
// of neighbouring blocks; the caller tries one run after the other until all blocks of a run went offline. The best run
// is first: below 4 GiB (a second kernel's first megabytes are easier there), then fewer blocks to take, then more of
// them Movable, then the highest address. A run lists only the blocks that are still to be put offline, from the
// highest address down; the blocks between them are offline and in `free` already. No run has a block that the kernel
// calls not removable. When a block refused to go, every run with it will fail.
//
// A single empty run where `free` has such a range; no run where there can be none. At most 256.
std::vector<std::vector<MemoryBlock>> pool_candidates(std::span<const MemoryBlock> blocks,
                                                      std::span<const PhysRange> free, std::uint64_t size);

} // namespace kx
