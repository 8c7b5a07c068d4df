// SPDX-License-Identifier: GPL-2.0-or-later
// Placement: the input is a list of free ranges and demands, as numbers. What is placed is page aligned, big enough,
// disjoint, where it was asked for, and in free memory.
#include "kexec/plan/placement.h"

#include "tests/fuzz/invariant.h"

#include <algorithm>

namespace {

using namespace kx;

// Numbers from the input; zeros past its end.
class Numbers {
public:
    explicit Numbers(ByteView input) : input_(input) {}
    bool at_end() const { return offset_ >= input_.size(); }
    std::uint8_t small() { return next<std::uint8_t>(); }
    std::uint64_t page_address() { return std::uint64_t{next<le32>()} << 10; } // not always page aligned
    std::uint64_t any() { return next<le64>(); }

private:
    template <typename T> T next() {
        const auto value = input_.read<T>(offset_);
        offset_ += sizeof(T);
        return value ? *value : T{};
    }
    ByteView input_;
    std::uint64_t offset_ = 0;
};

Demand next_demand(Numbers& numbers, std::size_t index) {
    const std::uint8_t kind = numbers.small();
    Demand demand{.name = fmt::format("demand{}", index)};
    demand.memory_size = kind & 1 ? numbers.any() : numbers.page_address();
    demand.prefer = kind & 2 ? Prefer::high : Prefer::low;
    if (kind & 4)
        demand.alignment = kind & 8 ? numbers.any() : std::uint64_t{1} << (numbers.small() % 64);
    if (kind & 16)
        demand.window = {numbers.page_address(), numbers.page_address()};
    if (kind & 32)
        demand.fixed_address = kind & 64 ? numbers.any() : numbers.page_address();
    return demand;
}

void check_placed(const Segment& segment, const Demand& demand, std::span<const PhysRange> free) {
    const PhysRange memory = segment.memory();
    INVARIANT(memory.begin < memory.end);
    INVARIANT(memory.begin % page_size == 0 && memory.end % page_size == 0);
    INVARIANT(memory.size() >= demand.memory_size && memory.size() - demand.memory_size < page_size);
    INVARIANT(memory.begin % demand.alignment == 0);
    INVARIANT(demand.window.contains(memory));
    INVARIANT(!demand.fixed_address || *demand.fixed_address == memory.begin);
    INVARIANT(std::ranges::any_of(free, [memory](PhysRange range) { return range.contains(memory); }));
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Numbers numbers(test::fuzz_input(data, size));
    std::vector<PhysRange> free(numbers.small() % 16);
    for (PhysRange& range : free)
        range = {numbers.page_address(), numbers.page_address()};
    free = normalized(free);
    std::vector<Demand> demands;
    while (!numbers.at_end() && demands.size() < 40)
        demands.push_back(next_demand(numbers, demands.size()));

    auto placed = place(demands, free);
    if (!placed) {
        INVARIANT(!placed.error().message.empty());
        return 0;
    }
    INVARIANT(placed->segments().size() == demands.size());
    const auto& segments = placed->segments();
    INVARIANT(std::ranges::adjacent_find(segments, [](const Segment& a, const Segment& b) {
                  return a.memory().end > b.memory().begin;
              }) == segments.end());
    for (const Demand& demand : demands)
        check_placed(*placed->find(demand.name), demand, free);
    return 0;
}
