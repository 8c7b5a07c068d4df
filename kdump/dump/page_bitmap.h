// SPDX-License-Identifier: GPL-2.0-or-later
// A bitmap of page frames in a file, lowest bit of a byte first: which are set, and which one a frame is among them.
#pragma once

#include "kdump/dump/dump_file.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace kx {

class PageBitmap {
public:
    // Reads it once, passing over holes of the file, and keeps the parts that have bits set. Bits past the end of the
    // file count as not set.
    static Result<PageBitmap> read(const DumpFile& file, std::uint64_t offset, std::uint64_t frames);

    std::uint64_t count() const { return count_; } // of set bits
    bool has(std::uint64_t frame) const;
    // How many frames are set before this one; nothing if it is not set itself.
    std::optional<std::uint64_t> rank(std::uint64_t frame) const;
    // The first run of set frames at or behind `from`, half open; a long one may come in parts.
    std::optional<std::pair<std::uint64_t, std::uint64_t>> next_run(std::uint64_t from) const;
    std::uint64_t end() const; // behind the last set frame; 0 if there is none
    // Clears all but the first `count` set bits.
    void keep_first(std::uint64_t count);

private:
    static constexpr std::uint64_t block_bits = 4096;
    struct Block {
        std::uint64_t index;  // its first frame is index * block_bits
        std::uint64_t before; // set bits before it
        std::array<std::uint64_t, block_bits / 64> words;
    };
    const Block* block_of(std::uint64_t frame) const;

    std::vector<Block> blocks_; // sorted; those with bits
    std::uint64_t count_ = 0;
};

// The runs of set bits, as physical addresses. Errc::malformed for more runs than a machine has ranges of memory.
Result<std::vector<PhysRange>> ranges_in_bitmap(const DumpFile& file, std::uint64_t offset, std::uint64_t frames,
                                                std::uint64_t page_size);

} // namespace kx
