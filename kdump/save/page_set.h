// SPDX-License-Identifier: GPL-2.0-or-later
// A set of page frames, by number. It keeps a bit a frame, in chunks of 32768; a chunk without memory, or with all its
// frames in the set, needs no bits.
#pragma once

#include "kexec/core/phys_range.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace kx {

// Page frame numbers, half open.
struct PageRun {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::uint64_t size() const { return end - begin; }
    friend bool operator==(const PageRun&, const PageRun&) = default;
};

class PageSet {
public:
    PageSet() = default;
    // Every frame that has a byte in these ranges, which are sorted and disjoint.
    PageSet(std::span<const PhysRange> memory, std::uint64_t page_size);

    // Frames that do not begin before those that were added last do; some of them may be the same.
    void add(PageRun run);

    bool contains(std::uint64_t frame) const;
    void remove(std::uint64_t frame);
    std::uint64_t count() const;
    std::uint64_t end() const; // behind the last frame that it was made with

    // The first run of frames at or behind `from`, at most `limit` long. Frames that chunks of memory divide are still
    // one run.
    std::optional<PageRun> next_run(std::uint64_t from, std::uint64_t limit = UINT64_MAX) const;

    // Bits of the frames from 8 * `first_byte` on, lowest first, as the kdump format's bitmaps have them.
    void copy_bits(std::uint64_t first_byte, std::span<std::byte> out) const;

private:
    static constexpr unsigned chunk_shift = 15;
    static constexpr std::uint64_t chunk_frames = std::uint64_t{1} << chunk_shift;
    using Bits = std::array<std::uint64_t, chunk_frames / 64>;
    struct Chunk {
        std::uint64_t first;        // frame
        std::unique_ptr<Bits> bits; // null: all are set
        const Bits& words() const;
    };
    std::size_t chunk_at_or_after(std::uint64_t frame) const;
    const Chunk* chunk_of(std::uint64_t frame) const;

    std::vector<Chunk> chunks_; // sorted
    std::uint64_t end_ = 0;
};

} // namespace kx
