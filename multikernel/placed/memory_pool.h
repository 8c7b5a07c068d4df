// SPDX-License-Identifier: GPL-2.0-or-later
// The memory that instances may have: RAM that the running kernel leaves alone, because it was told so at boot
// (memmap=SIZE$ADDR) or because its memory block was put offline. Addresses are physical.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <span>
#include <vector>

namespace kx {

enum class PoolSource { reserved_at_boot, offline_block };

struct PoolRange {
    PhysRange range;
    PoolSource source;
    friend bool operator==(const PoolRange&, const PoolRange&) = default;
};

// Sorted, disjoint, page aligned; touching ranges of the same source are one. Nothing below 1 MiB.
//
// Memory counts as reserved at boot where a memmap=SIZE$ADDR of the command line names it, the firmware's own map
// (/sys/firmware/memmap) has RAM and /proc/iomem has nothing but "Reserved". What the firmware reserved, or the running
// kernel for the firmware's tables, is not given away. An offline block counts where /proc/iomem calls it System RAM
// and lists nothing inside: memory that a driver plugs and unplugs has a longer name.
//
// Notes offline blocks that it leaves out: with memory_hotplug.memmap_on_memory the running kernel may keep tables of
// its own in them.
Result<std::vector<PoolRange>> read_memory_pool(const SystemFiles& files, Notices& notices);

// What no instance holds, sorted. Two ranges that touch come from different sources: a segment may not lie in both.
std::vector<PhysRange> free_pool(std::span<const PoolRange> pool, std::span<const PhysRange> taken);

} // namespace kx
