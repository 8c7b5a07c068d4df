// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/page_bitmap.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace kx {
namespace {

constexpr std::uint64_t block_bytes = 512;
constexpr std::uint64_t read_size = std::uint64_t{64} << 10;
constexpr std::uint64_t range_limit = std::uint64_t{1} << 20;

using Words = std::array<std::uint64_t, block_bytes / 8>;

std::uint64_t little_endian(std::uint64_t word) {
    if constexpr (std::endian::native == std::endian::big)
        return std::byteswap(word);
    return word;
}

// Calls `take(index, words)` for each block that has a bit, in order; bits from `frames` on are clear.
template <typename Take>
Result<> each_block(const DumpFile& file, std::uint64_t offset, std::uint64_t frames, Take take) {
    const std::uint64_t end = std::min(file.size(), offset + frames / 8 + (frames % 8 != 0));
    std::vector<std::byte> buffer(read_size);
    for (std::uint64_t at = offset; at < end;) {
        const std::uint64_t data = file.data_from(at);
        if (data >= end)
            break;
        at = offset + align_down(data - offset, block_bytes);
        const auto part = std::span(buffer).first(std::min(read_size, end - at));
        KX_TRY(within("bitmap", file.read(at, part)));
        for (std::uint64_t begin = 0; begin < part.size(); begin += block_bytes) {
            const std::uint64_t index = (at - offset + begin) / block_bytes;
            Words words{};
            std::memcpy(words.data(), part.data() + begin, std::min(block_bytes, part.size() - begin));
            for (std::uint64_t& word : words)
                word = little_endian(word);
            const std::uint64_t first = index * block_bytes * 8;
            for (std::uint64_t frame = frames; frame < first + block_bytes * 8 && frame % 64 != 0; ++frame)
                words[(frame - first) / 64] &= ~(std::uint64_t{1} << (frame % 64));
            if (std::any_of(words.begin(), words.end(), [](std::uint64_t word) { return word != 0; }))
                KX_TRY(take(index, words));
        }
        at += part.size();
    }
    return {};
}

} // namespace

Result<PageBitmap> PageBitmap::read(const DumpFile& file, std::uint64_t offset, std::uint64_t frames) {
    PageBitmap bitmap;
    KX_TRY(each_block(file, offset, frames, [&](std::uint64_t index, const Words& words) -> Result<> {
        bitmap.blocks_.push_back({index, bitmap.count_, words});
        for (std::uint64_t word : words)
            bitmap.count_ += static_cast<std::uint64_t>(std::popcount(word));
        return {};
    }));
    return bitmap;
}

const PageBitmap::Block* PageBitmap::block_of(std::uint64_t frame) const {
    const auto found = std::lower_bound(blocks_.begin(), blocks_.end(), frame / block_bits,
                                        [](const Block& block, std::uint64_t index) { return block.index < index; });
    return found != blocks_.end() && found->index == frame / block_bits ? &*found : nullptr;
}

bool PageBitmap::has(std::uint64_t frame) const {
    const Block* block = block_of(frame);
    return block && (block->words[frame % block_bits / 64] >> (frame % 64) & 1);
}

std::optional<std::uint64_t> PageBitmap::rank(std::uint64_t frame) const {
    const Block* block = block_of(frame);
    const std::uint64_t word = frame % block_bits / 64;
    const std::uint64_t bit = std::uint64_t{1} << (frame % 64);
    if (!block || !(block->words[word] & bit))
        return std::nullopt;
    auto before = block->before + static_cast<std::uint64_t>(std::popcount(block->words[word] & (bit - 1)));
    for (std::uint64_t i = 0; i < word; ++i)
        before += static_cast<std::uint64_t>(std::popcount(block->words[i]));
    return before;
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> PageBitmap::next_run(std::uint64_t from) const {
    auto block = std::ranges::lower_bound(blocks_, from / block_bits, {}, &Block::index);
    for (; block != blocks_.end(); ++block) {
        const std::uint64_t first = block->index * block_bits;
        const std::uint64_t begin = from > first ? from - first : 0;
        for (std::uint64_t i = begin / 64; i < block->words.size(); ++i) {
            const std::uint64_t bits = block->words[i] & (i == begin / 64 ? UINT64_MAX << begin % 64 : UINT64_MAX);
            if (bits == 0)
                continue;
            const auto bit = static_cast<unsigned>(std::countr_zero(bits));
            const std::uint64_t at = first + i * 64 + bit;
            std::uint64_t end = at + static_cast<unsigned>(std::countr_one(bits >> bit));
            for (++i; end == first + i * 64 && i < block->words.size(); ++i)
                end += static_cast<unsigned>(std::countr_one(block->words[i]));
            return std::pair(at, end);
        }
    }
    return std::nullopt;
}

std::uint64_t PageBitmap::end() const {
    if (blocks_.empty())
        return 0;
    const auto& words = blocks_.back().words;
    for (std::size_t i = words.size(); i-- > 0;)
        if (words[i])
            return blocks_.back().index * block_bits + i * 64 + static_cast<std::uint64_t>(std::bit_width(words[i]));
    return blocks_.back().index * block_bits;
}

void PageBitmap::keep_first(std::uint64_t count) {
    if (count >= count_)
        return;
    count_ = count;
    std::erase_if(blocks_, [count](const Block& block) { return block.before >= count; });
    if (blocks_.empty())
        return;
    std::uint64_t left = count - blocks_.back().before;
    for (std::uint64_t& word : blocks_.back().words) {
        while (static_cast<std::uint64_t>(std::popcount(word)) > left)
            word &= ~std::bit_floor(word);
        left -= static_cast<std::uint64_t>(std::popcount(word));
    }
}

Result<std::vector<PhysRange>> ranges_in_bitmap(const DumpFile& file, std::uint64_t offset, std::uint64_t frames,
                                                std::uint64_t page_size) {
    std::vector<PhysRange> ranges;
    const auto add = [&](std::uint64_t begin, std::uint64_t end) -> Result<> {
        if (!ranges.empty() && ranges.back().end == begin * page_size) {
            ranges.back().end = end * page_size;
            return {};
        }
        if (ranges.size() == range_limit)
            return fail(Errc::malformed, "its bitmap of memory has more than {} separate ranges", range_limit);
        ranges.push_back({begin * page_size, end * page_size});
        return {};
    };
    KX_TRY(each_block(file, offset, frames, [&](std::uint64_t index, const Words& words) -> Result<> {
        for (std::uint64_t i = 0; i < words.size(); ++i) {
            const std::uint64_t first = index * block_bytes * 8 + i * 64;
            for (std::uint64_t word = words[i]; word != 0;) {
                const auto begin = static_cast<unsigned>(std::countr_zero(word));
                const auto length = static_cast<unsigned>(std::countr_one(word >> begin));
                KX_TRY(add(first + begin, first + begin + length));
                word &= begin + length == 64 ? 0 : UINT64_MAX << (begin + length);
            }
        }
        return {};
    }));
    return ranges;
}

} // namespace kx
