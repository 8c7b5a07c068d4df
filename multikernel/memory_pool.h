// SPDX-License-Identifier: GPL-2.0-or-later
// The memory that instances may have: RAM that the running kernel leaves alone, because it was told so at boot
// (memmap=SIZE$ADDR) or because its memory block was put offline. Addresses are physical.
#pragma once

#include "core/notices.h"
#include "core/phys_range.h"
#include "core/result.h"
#include "machine/memory_map.h"
#include "machine/system_files.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kx {

// A block of /sys/devices/system/memory.
struct MemoryBlock {
    std::uint32_t number = 0;
    PhysRange range;
    bool online = true;
    bool removable = true; // false only where the kernel says so: putting it offline would fail
    std::string zone;      // valid_zones: "Movable", "Normal", "DMA32" …; empty where not told
    friend bool operator==(const MemoryBlock&, const MemoryBlock&) = default;
};

// By number. Empty where the kernel has no memory hotplug.
Result<std::vector<MemoryBlock>> read_memory_blocks(const SystemFiles& files);

enum class PoolSource { reserved_at_boot, offline_block };

struct PoolRange {
    PhysRange range;
    PoolSource source;
    friend bool operator==(const PoolRange&, const PoolRange&) = default;
};

// Sorted, disjoint; touching ranges of the same source are one. What is reserved at boot counts only where the
// firmware's own map (/sys/firmware/memmap) has RAM there and /proc/iomem has nothing but "Reserved": firmware's own
// reservations are not ours to give away. Nothing below 1 MiB.
Result<std::vector<PoolRange>> read_memory_pool(const SystemFiles& files);

// What no instance holds, sorted and merged.
std::vector<PhysRange> free_pool(std::span<const PoolRange> pool, std::span<const PhysRange> taken);

// --memory SIZE[@ADDR]: SIZE with K, M or G.
struct MemoryWish {
    std::uint64_t size = 0;
    std::optional<std::uint64_t> address; // physical
    friend bool operator==(const MemoryWish&, const MemoryWish&) = default;
};
Result<MemoryWish> parse_memory_wish(std::string_view text); // Errc::usage
Result<std::uint64_t> parse_size(std::string_view text);     // "256M", "0x1000", "1G": Errc::usage

// One range of exactly the wished size: at the wished address, or 2 MiB aligned in the smallest free range that holds
// it. The error says what was free, and where an instance or the running kernel is in the way.
Result<PhysRange> choose_memory(const MemoryWish& wish, std::span<const PoolRange> pool,
                                std::span<const PhysRange> taken);

// Which blocks to put offline, in this order, so that the pool has one free range of at least `size` bytes: a run of
// neighbours below 4 GiB where there is one (a second kernel's first megabytes are easier there), from the highest
// address down, without blocks that the kernel calls not removable. Candidate runs, best first: the caller tries
// each until one comes through whole.
std::vector<std::vector<MemoryBlock>> pool_candidates(std::span<const MemoryBlock> blocks,
                                                      std::span<const PhysRange> free, std::uint64_t size);

} // namespace kx
