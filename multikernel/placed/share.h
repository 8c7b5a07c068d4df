// SPDX-License-Identifier: GPL-2.0-or-later
// Chooses memory and serial port of an instance, where this program chooses them and not the kernel: compares what was
// asked for with what there is.
#pragma once

#include "kexec/core/notices.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/core/wish.h"
#include "multikernel/placed/memory_pool.h"

#include <cstdint>
#include <optional>
#include <span>

namespace kx {

// Without a wish: 256 MiB, or the largest free piece if that is smaller. Errors of choose_memory; notes when the memory
// is little.
Result<PhysRange> choose_share(const std::optional<MemoryWish>& wanted, std::span<const PoolRange> pool,
                               std::span<const PhysRange> taken, Notices& notices);

// The I/O port of the console; nothing where none is left (which is noted) or wanted. `taken`: those of other
// instances.
std::optional<std::uint16_t> choose_console(const InstanceOptions& wanted, std::span<const std::uint16_t> taken,
                                            const SystemFiles& files, Notices& notices);

} // namespace kx
