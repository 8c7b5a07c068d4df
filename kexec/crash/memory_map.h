// SPDX-License-Identifier: GPL-2.0-or-later
// The memory map of a crash kernel: the memory that is reserved for it, the low RAM that purgatory saves for it, the
// firmware's own ranges, and persistent memory. All other RAM is what will be dumped, and is not in the map.
#pragma once

#include "kexec/crash/facts.h"
#include "kexec/machine/memory_map.h"

#include <span>
#include <string>
#include <vector>

namespace kx {

// RAM of the machine's map in the architecture's low memory; normalized, empty where there is none.
std::vector<PhysRange> low_ram(const CrashArchitecture& architecture, const Machine& machine);

// Sorted by address. `taken` (normalized): parts of the reservations that the crash kernel may not use as RAM.
std::vector<MemoryRange> crash_memory_map(const CrashFacts& facts, const Machine& machine,
                                          std::span<const PhysRange> taken);

// "memmap=exactmap memmap=0x9fc00@0x0 …" (Documentation/admin-guide/kernel-parameters.txt): the same map.
std::string memmap_parameters(std::span<const MemoryRange> map);

} // namespace kx
