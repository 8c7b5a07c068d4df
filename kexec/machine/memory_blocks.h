// SPDX-License-Identifier: GPL-2.0-or-later
// The memory blocks of /sys/devices/system/memory: pieces of RAM, all of one size, that the running kernel uses
// (online) or leaves alone (offline). Either way /proc/iomem calls them System RAM. Addresses are physical.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kx {

struct MemoryBlock {
    std::uint32_t number = 0; // N of memoryN: its address divided by the size of a block
    PhysRange range;
    bool online = true;    // also while it is on its way out
    bool removable = true; // false only where the kernel says so: putting it offline would fail
    std::string zone;      // valid_zones: "Movable", "Normal", "DMA32" …; empty where not told
    friend bool operator==(const MemoryBlock&, const MemoryBlock&) = default;
};

// By number. Empty where the kernel has no memory hotplug. Leaves out a block that somebody unplugs meanwhile.
// Errc::malformed names the file.
Result<std::vector<MemoryBlock>> read_memory_blocks(const SystemFiles& files);

// Sorted and disjoint: what the running kernel leaves alone. One file is read for each block, nothing else.
Result<std::vector<PhysRange>> read_offline_memory(const SystemFiles& files);

} // namespace kx
