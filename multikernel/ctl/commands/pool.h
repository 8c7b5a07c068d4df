// SPDX-License-Identifier: GPL-2.0-or-later
// The pool, on either kind of kernel.
#pragma once

#include "multikernel/ctl/change.h"
#include "multikernel/desired/state.h"
#include "multikernel/instance/resources.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kx::ctl {

// What instances may have and who has it: for people, and with the schema "multikernelctl-pool-1".
std::string pool_text(const MachineResources& machine);
std::string pool_json(const MachineResources& machine);

struct PoolWish {
    std::uint64_t size = 0; // at least so many bytes free in one piece; 0: not asked
    std::uint64_t memory_added = 0;
    std::optional<std::uint64_t> memory_removed; // address of a piece
    std::optional<std::uint32_t> numa_node;      // of the memory
    std::vector<CpuName> cpus;                   // shall be in the pool; those that are stay
    std::vector<CpuName> cpus_removed;
    std::vector<DesiredDevice> devices;       // shall be in the pool
    std::vector<std::string> devices_removed; // PCI addresses
};

// Makes the pool where there is none, else changes it by what is missing; returns the sentence for the user. Refuses
// before it changes anything. A pool on a multikernel kernel needs CPUs and memory in the beginning.
Result<std::string> change_pool(const Change& change, const PoolWish& wish, const MachineResources& machine);

// Gives back to the running kernel what no instance holds (a multikernel kernel: only where none holds anything).
Result<std::string> dissolve(const Change& change);

// Each for one kind of kernel; change_pool and dissolve choose.
Result<std::string> change_native_pool(const Change& change, const PoolWish& wish, const MachineResources& machine);
Result<std::string> change_memory_blocks(const Change& change, const PoolWish& wish, const MachineResources& machine);
Result<std::string> give_blocks_back(const Change& change);

} // namespace kx::ctl
