// SPDX-License-Identifier: GPL-2.0-or-later
// What helps where a multikernel kernel finds no memory for its pool.
#pragma once

#include "kexec/machine/system_files.h"

#include <string>

namespace kx {

// Whether a pool needs a Movable zone and the machine has none: all memory that could go into a pool lies in the DMA32
// zone.
bool needs_movable_zone(const SystemFiles& files);

// "boot with movablecore=SIZE: …", an imperative clause.
std::string pool_memory_advice(const SystemFiles& files);

} // namespace kx
