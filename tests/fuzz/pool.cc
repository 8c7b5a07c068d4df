// SPDX-License-Identifier: GPL-2.0-or-later
// The memory of instances: input up to a NUL is the module's pool file, up to the next a --memory, what follows are
// numbers: ranges of a pool, ranges that are taken, and memory blocks. Chosen memory is of the wished size, inside one
// range of the pool, disjoint from what is taken, and aligned; a larger pool is made of blocks that may go.
#include "kexec/core/text.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/module/facts.h"
#include "multikernel/placed/memory_choice.h"
#include "tests/fuzz/invariant.h"

#include <algorithm>
#include <set>

namespace {

using namespace kx;

// Numbers from the input; zeros past its end.
class Numbers {
public:
    explicit Numbers(std::string_view input) : input_(input) {}
    std::uint8_t byte() {
        if (input_.empty())
            return 0;
        const auto value = static_cast<std::uint8_t>(input_.front());
        input_.remove_prefix(1);
        return value;
    }
    std::uint64_t pages(unsigned shift) {
        const std::uint64_t low = byte();
        return (low | std::uint64_t{byte()} << 8) << shift;
    }

private:
    std::string_view input_;
};

std::string_view take_part(std::string_view& input) {
    const std::string_view part = input.substr(0, input.find('\0'));
    input.remove_prefix(std::min(part.size() + 1, input.size()));
    return part;
}

bool is_normal(std::span<const PhysRange> ranges) {
    return std::ranges::none_of(ranges, &PhysRange::empty) &&
           std::ranges::adjacent_find(ranges, [](PhysRange a, PhysRange b) { return a.end >= b.begin; }) ==
               ranges.end();
}

void check_pool_file(std::string_view text) {
    const auto facts = parse_pool(text, "pool");
    if (!facts) {
        INVARIANT(facts.error().code == Errc::malformed);
        INVARIANT(facts.error().message.starts_with("pool: "));
        return;
    }
    INVARIANT(is_normal(facts->low_memory));
    for (const InstanceFacts& instance : facts->instances) {
        INVARIANT(is_normal(instance.memory));
        INVARIANT(facts->find(instance.id) == &instance);
        INVARIANT(!instance.cpus.empty() || !instance.memory.empty());
    }
    for (const HostCpu& host : facts->cpus) {
        INVARIANT(facts->find(CpuName{false, host.cpu.logical}) == &host);
        INVARIANT(facts->find(CpuName{true, host.cpu.physical}) == &host);
        INVARIANT(!(host.online && host.instance));
        INVARIANT(!host.instance || std::ranges::count(facts->find(*host.instance)->cpus, host.cpu.logical) == 1);
    }
}

// Sorted and disjoint, as read_memory_pool has them; ranges of different sources may touch.
std::vector<PoolRange> next_pool(Numbers& numbers) {
    std::vector<PoolRange> pool;
    std::uint64_t at = 0;
    for (int count = numbers.byte() % 8; count > 0; count--) {
        const auto source = numbers.byte() & 1 ? PoolSource::offline_block : PoolSource::reserved_at_boot;
        const std::uint64_t begin = at + numbers.pages(12);
        const auto range = PhysRange::at(begin, numbers.pages(16));
        if (!range)
            continue;
        at = range->end;
        pool.push_back({*range, source});
    }
    return pool;
}

std::vector<PhysRange> next_ranges(Numbers& numbers) {
    std::vector<PhysRange> ranges(numbers.byte() % 8);
    for (PhysRange& range : ranges)
        range = PhysRange::at(numbers.pages(14), numbers.pages(12) + 1).value_or(PhysRange{});
    return ranges;
}

void check_chosen(const MemoryWish& wish, std::span<const PoolRange> pool, std::span<const PhysRange> taken) {
    const auto chosen = choose_memory(wish, pool, taken);
    if (!chosen) {
        INVARIANT(chosen.error().code == Errc::no_room);
        return;
    }
    INVARIANT(chosen->size() == wish.size && chosen->end > chosen->begin);
    INVARIANT(wish.address ? chosen->begin == *wish.address : chosen->begin % instance_alignment == 0);
    INVARIANT(std::ranges::count_if(pool, [&](const PoolRange& entry) { return entry.range.contains(*chosen); }) == 1);
    INVARIANT(std::ranges::none_of(taken, [&](PhysRange held) { return !held.empty() && held.overlaps(*chosen); }));
}

std::vector<MemoryBlock> next_blocks(Numbers& numbers) {
    constexpr std::uint64_t block_size = 16 << 20;
    std::vector<MemoryBlock> blocks;
    for (std::uint32_t number = numbers.byte(), count = numbers.byte() % 64; count > 0; count--, number++) {
        const std::uint8_t kind = numbers.byte();
        number += kind >> 6;
        blocks.push_back({.number = number,
                          .range = *PhysRange::at(number * block_size, block_size),
                          .online = !(kind & 1),
                          .removable = !(kind & 2),
                          .zone = kind & 4 ? "Movable" : "Normal"});
    }
    return blocks;
}

// With a run's blocks put offline, there is a free range of the size.
void check_candidates(std::span<const MemoryBlock> blocks, std::span<const PhysRange> free, std::uint64_t size) {
    for (const auto& run : pool_candidates(blocks, free, size)) {
        std::vector<PhysRange> larger(free.begin(), free.end());
        std::set<std::uint32_t> numbers;
        for (const MemoryBlock& block : run) {
            INVARIANT(block.online && block.removable);
            INVARIANT(std::ranges::count(blocks, block) == 1);
            INVARIANT(numbers.empty() || *numbers.begin() > block.number);
            numbers.insert(block.number);
            larger.push_back(block.range);
        }
        larger = normalized(std::move(larger));
        INVARIANT(std::ranges::any_of(larger, [size](PhysRange range) { return range.size() >= size; }));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input(reinterpret_cast<const char*>(data), size);
    check_pool_file(take_part(input));
    const std::string_view wish_text = take_part(input);
    const auto wish = parse_memory_wish(wish_text);
    Numbers numbers(input);
    const auto pool = next_pool(numbers);
    const auto taken = next_ranges(numbers);
    const auto blocks = next_blocks(numbers);
    if (!wish) {
        INVARIANT(wish.error().code == Errc::usage);
        return 0;
    }
    INVARIANT(wish->size != 0 && wish->size % 4096 == 0);
    INVARIANT(parse_size(size_argument(wish->size)) == wish->size);
    check_chosen(*wish, pool, taken);
    check_candidates(blocks, free_pool(pool, taken), wish->size);
    return 0;
}
