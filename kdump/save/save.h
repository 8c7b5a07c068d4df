// SPDX-License-Identifier: GPL-2.0-or-later
// Writes a dump of the pages that are worth keeping.
#pragma once

#include "core/notices.h"
#include "core/result.h"
#include "kdump/dump/kernel_memory.h"

#include <cstdint>
#include <string>

namespace kx {

// What --level adds up, as makedumpfile's -d has it.
namespace leave_out {
inline constexpr unsigned zero = 1;          // pages of zeros
inline constexpr unsigned cache = 2;         // page cache without private data
inline constexpr unsigned private_cache = 4; // page cache with private data
inline constexpr unsigned user = 8;          // user processes' pages
inline constexpr unsigned free = 16;         // free pages
inline constexpr unsigned all = 31;
} // namespace leave_out

enum class Compression { none, zlib, lz4, zstd };
enum class SaveFormat { kdump, elf };

struct SaveOptions {
    unsigned level = leave_out::all;
    Compression compression = Compression::zstd;
    SaveFormat format = SaveFormat::kdump;
    bool flattened = false; // for a destination that cannot seek; chosen by itself for a pipe
    unsigned threads = 1;
};

struct SaveResult {
    std::uint64_t pages_total = 0;
    std::uint64_t pages_written = 0;
    std::uint64_t pages_by_reason[5] = {}; // left out: zero, cache, private cache, user, free
    std::uint64_t bytes_written = 0;
    bool incomplete = false; // the destination was full: what fits is there and can be read
};

} // namespace kx
