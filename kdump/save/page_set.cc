// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/page_set.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace kx {
namespace {

constexpr std::uint64_t ones = ~std::uint64_t{0};

// The lowest bit at or behind `from` that is `wanted`; 64 where there is none.
unsigned next_bit(std::uint64_t word, unsigned from, bool wanted) {
    const std::uint64_t rest = (wanted ? word : ~word) & (ones << from);
    return static_cast<unsigned>(std::countr_zero(rest));
}

} // namespace

const PageSet::Bits& PageSet::Chunk::words() const {
    static constexpr Bits all = [] {
        Bits words{};
        words.fill(ones);
        return words;
    }();
    return bits ? *bits : all;
}

PageSet::PageSet(std::span<const PhysRange> memory, std::uint64_t page_size) {
    for (const PhysRange& range : memory)
        add({range.begin / page_size, (range.end - 1) / page_size + 1});
}

void PageSet::add(PageRun run) {
    for (std::uint64_t frame = run.begin; frame < run.end;) {
        const std::uint64_t first = frame & ~(chunk_frames - 1);
        const std::uint64_t stop = std::min(run.end, first + chunk_frames);
        const bool is_new = chunks_.empty() || chunks_.back().first != first;
        if (is_new && stop - frame == chunk_frames)
            chunks_.push_back({first, nullptr});
        else if (is_new)
            chunks_.push_back({first, std::make_unique<Bits>()});
        if (!chunks_.back().bits) { // all of the chunk is there
            frame = stop;
            continue;
        }
        Bits& bits = *chunks_.back().bits;
        while (frame < stop) {
            const std::uint64_t bit = frame % 64, n = std::min<std::uint64_t>(64 - bit, stop - frame);
            bits[(frame - first) / 64] |= (n == 64 ? ones : (std::uint64_t{1} << n) - 1) << bit;
            frame += n;
        }
    }
    end_ = std::max(end_, run.end);
}

std::size_t PageSet::chunk_at_or_after(std::uint64_t frame) const {
    const auto found = std::ranges::upper_bound(chunks_, frame, {}, [](const Chunk& c) { return c.first; });
    const auto index = static_cast<std::size_t>(found - chunks_.begin());
    return index > 0 && frame - chunks_[index - 1].first < chunk_frames ? index - 1 : index;
}

const PageSet::Chunk* PageSet::chunk_of(std::uint64_t frame) const {
    const std::size_t index = chunk_at_or_after(frame);
    return index < chunks_.size() && chunks_[index].first <= frame ? &chunks_[index] : nullptr;
}

bool PageSet::contains(std::uint64_t frame) const {
    const Chunk* chunk = chunk_of(frame);
    return chunk && chunk->words()[(frame - chunk->first) / 64] >> (frame % 64) & 1;
}

void PageSet::remove(std::uint64_t frame) {
    const std::size_t index = chunk_at_or_after(frame);
    if (index == chunks_.size() || chunks_[index].first > frame)
        return;
    Chunk& chunk = chunks_[index];
    if (!chunk.bits)
        chunk.bits = std::make_unique<Bits>(chunk.words());
    (*chunk.bits)[(frame - chunk.first) / 64] &= ~(std::uint64_t{1} << (frame % 64));
}

std::uint64_t PageSet::count() const {
    std::uint64_t count = 0;
    for (const Chunk& chunk : chunks_) {
        if (!chunk.bits) {
            count += chunk_frames;
            continue;
        }
        for (std::uint64_t word : *chunk.bits)
            count += static_cast<std::uint64_t>(std::popcount(word));
    }
    return count;
}

std::uint64_t PageSet::end() const {
    return end_;
}

std::optional<PageRun> PageSet::next_run(std::uint64_t from, std::uint64_t limit) const {
    std::optional<PageRun> run;
    for (std::size_t index = chunk_at_or_after(from); index < chunks_.size(); ++index) {
        const Chunk& chunk = chunks_[index];
        if (run && run->end != chunk.first)
            break;
        std::uint64_t frame = std::max(from, chunk.first);
        while (frame < chunk.first + chunk_frames) {
            const std::uint64_t word = chunk.words()[(frame - chunk.first) / 64];
            const unsigned bit = next_bit(word, frame % 64, !run);
            const std::uint64_t at = frame - frame % 64 + bit;
            if (bit < 64) {
                if (run)
                    return PageRun{run->begin, run->begin + std::min(at - run->begin, limit)};
                run = PageRun{at, at};
            }
            frame = at;
            if (run && frame - run->begin >= limit)
                return PageRun{run->begin, run->begin + limit};
        }
        if (run)
            run->end = chunk.first + chunk_frames;
    }
    return run;
}

void PageSet::copy_bits(std::uint64_t first_byte, std::span<std::byte> out) const {
    std::ranges::fill(out, std::byte{0});
    const std::uint64_t end_byte = first_byte + out.size();
    for (std::size_t index = chunk_at_or_after(first_byte * 8); index < chunks_.size(); ++index) {
        const std::uint64_t chunk_byte = chunks_[index].first / 8;
        if (chunk_byte >= end_byte)
            break;
        for (std::uint64_t byte = std::max(chunk_byte, first_byte);
             byte < std::min(chunk_byte + chunk_frames / 8, end_byte); ++byte) {
            const std::uint64_t in_chunk = byte - chunk_byte;
            out[byte - first_byte] = static_cast<std::byte>(chunks_[index].words()[in_chunk / 8] >> (in_chunk % 8 * 8));
        }
    }
}

} // namespace kx
