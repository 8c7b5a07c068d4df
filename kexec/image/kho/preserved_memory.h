// SPDX-License-Identifier: GPL-2.0-or-later
// The map of the memory that kexec handover (KHO) preserves, as it lies in memory: a chain of bitmaps (kho-v1) or a
// radix tree (kho-v2 on). A bit stands for a block of 2^order pages.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/image/kho/tree.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace kx {

// `size` bytes at a physical address, all of them, or an error that names the address.
using PhysicalReader = std::function<Result<std::vector<std::byte>>(std::uint64_t address, std::uint64_t size)>;

struct PreservedMemory {
    std::vector<PhysRange> ranges;            // normalized
    std::map<unsigned, std::uint64_t> blocks; // by order, how many
    friend bool operator==(const PreservedMemory&, const PreservedMemory&) = default;
};

// Follows the map from its root at `address`, which is not 0. `page_size` is that of the kernel that wrote it, a power
// of two of 4096 to 65536. Ends on every input: a page of the map that comes twice, a block that is not aligned or runs
// past the end of memory, and more than 2^22 ranges are Errc::malformed with the address where that stands.
Result<PreservedMemory> decode_preserved_memory(const KhoLayout& layout, std::uint64_t address, std::uint64_t page_size,
                                                const PhysicalReader& read);

} // namespace kx
