// SPDX-License-Identifier: GPL-2.0-or-later
// The memory that instances beside a stock kernel may have, with who has it; and how it grows and shrinks: by memory
// blocks that are put offline and brought back. Addresses are physical.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/memory_blocks.h"
#include "kexec/machine/system_files.h"
#include "multikernel/core/control.h"
#include "multikernel/module/facts.h"
#include "multikernel/placed/memory_pool.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kx {

struct ModulePool {
    std::vector<MemoryBlock> blocks;
    std::vector<PoolRange> ranges;
    // Loaded ones (none without the module: the pool can be made before it is there), then those that are only defined,
    // as "defined" with id and memory.
    std::vector<InstanceFacts> instances;

    std::vector<PhysRange> taken() const; // by instances; sorted
    std::vector<PhysRange> free() const;  // sorted
};
Result<ModulePool> read_module_pool(const SystemFiles& files, Notices& notices);

// For people, a line a range; an empty pool has no line. And as JSON with the schema "kexec-pool-1"
// (doc/plan-json.md), which ends in a newline.
std::string text_of(const ModulePool& pool);
std::string json_of(const ModulePool& pool);

// The runs of memory blocks that would be put offline, one of them whole, so that an instance can have `size` bytes in
// one piece; the first is tried first (memory_choice.h). A run is empty where it can have them already.
Result<std::vector<std::vector<MemoryBlock>>> module_pool_candidates(const SystemFiles& files, Notices& notices,
                                                                     std::uint64_t size);

// Puts memory blocks offline until an instance can have `size` bytes in one piece; they are recorded (pool_record.h)
// before they go. Does nothing if it can already. After Errc::no_room or unsupported the blocks are as they were,
// except those that a notice names. The caller holds the lock (lock.h).
Result<> grow_module_pool(const InstanceControl& control, std::uint64_t size);

// The offline blocks that this program put there and no instance holds.
Result<std::vector<MemoryBlock>> module_pool_to_give_back(const SystemFiles& files, Notices& notices);

// Brings back the blocks that this program put offline, and no others, which somebody else may have put offline. False,
// and a notice for each, if some stay offline. The caller holds the lock.
Result<bool> give_back_module_pool(const InstanceControl& control);

} // namespace kx
