// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/memory_choice.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace kx {
namespace {

constexpr std::size_t most_candidates = 256;
constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;

bool holds(std::span<const PhysRange> free, PhysRange wanted) {
    return std::ranges::any_of(free, [wanted](const PhysRange& range) { return range.contains(wanted); });
}

bool holds_aligned(std::span<const PhysRange> free, std::uint64_t size) {
    return std::ranges::any_of(free, [size](const PhysRange& range) {
        const auto begin = align_up(range.begin, instance_alignment);
        const auto wanted = begin ? PhysRange::at(*begin, size) : std::nullopt;
        return wanted && range.contains(*wanted);
    });
}

// A run of neighbours that would hold the wished size.
struct Window {
    std::span<const MemoryBlock> blocks;
    std::ptrdiff_t to_take = 0;
    std::ptrdiff_t not_movable = 0; // of those

    auto rank() const {
        return std::tuple(blocks.back().range.end > four_gib, to_take, not_movable, ~blocks.front().range.begin);
    }
};

// Counts what each window holds while it slides over a run of usable neighbours.
void add_windows(std::span<const MemoryBlock> run, std::size_t length, std::vector<Window>& windows) {
    Window window;
    const auto count = [&window](const MemoryBlock& block, std::ptrdiff_t one) {
        window.to_take += block.online ? one : 0;
        window.not_movable += block.online && block.zone != "Movable" ? one : 0;
    };
    for (std::size_t end = 1; end <= run.size(); end++) {
        count(run[end - 1], 1);
        if (end > length)
            count(run[end - 1 - length], -1);
        if (end >= length && window.to_take) {
            window.blocks = run.subspan(end - length, length);
            windows.push_back(window);
        }
    }
}

std::vector<MemoryBlock> blocks_to_take(const Window& window) {
    std::vector<MemoryBlock> blocks;
    for (const MemoryBlock& block : window.blocks)
        if (block.online)
            blocks.push_back(block);
    std::ranges::reverse(blocks);
    return blocks;
}

} // namespace

std::vector<std::vector<MemoryBlock>> pool_candidates(std::span<const MemoryBlock> blocks,
                                                      std::span<const PhysRange> free, std::uint64_t size) {
    if (holds_aligned(free, size))
        return {{}};
    if (blocks.empty() || size == 0)
        return {};
    const std::uint64_t block_size = blocks.front().range.size();
    const std::uint64_t length = size / block_size + (size % block_size != 0);
    if (length > blocks.size())
        return {};

    std::vector<Window> windows;
    const auto usable = [free](const MemoryBlock& block) {
        return block.online ? block.removable : holds(free, block.range);
    };
    for (std::size_t begin = 0; begin < blocks.size();) {
        std::size_t end = begin;
        while (end < blocks.size() && usable(blocks[end]) &&
               (end == begin || blocks[end - 1].range.end == blocks[end].range.begin))
            end++;
        add_windows(blocks.subspan(begin, end - begin), length, windows);
        begin = std::max(end, begin + 1);
    }
    const auto kept = windows.begin() + static_cast<std::ptrdiff_t>(std::min(windows.size(), most_candidates));
    std::ranges::partial_sort(windows, kept, {}, &Window::rank);
    std::vector<std::vector<MemoryBlock>> candidates;
    for (auto window = windows.begin(); window != kept; ++window)
        candidates.push_back(blocks_to_take(*window));
    return candidates;
}

} // namespace kx
