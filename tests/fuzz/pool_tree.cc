// SPDX-License-Identifier: GPL-2.0-or-later
// The trees of a multikernel kernel's pool and instances: one that is accepted has disjoint chunks, no CPU and no
// device twice, and free memory inside the chunks that nobody holds. The same tree is read both ways.
#include "multikernel/core/requests.h"
#include "multikernel/native/filesystem.h"
#include "tests/fuzz/invariant.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

namespace {

template <typename T> bool once_each(std::vector<T> list) {
    std::ranges::sort(list);
    return std::ranges::adjacent_find(list) == list.end();
}

template <typename T> void check_error(const Result<T>& parsed) {
    if (parsed)
        return;
    INVARIANT(parsed.error().code == Errc::malformed);
    INVARIANT(!parsed.error().message.empty());
}

void check_pool(const NativePool& pool) {
    INVARIANT(once_each(pool.cpus) && once_each(pool.free_cpus) && once_each(pool.devices));
    for (const std::uint64_t cpu : pool.free_cpus)
        INVARIANT(std::ranges::count(pool.cpus, cpu) == 1);
    for (std::size_t i = 0; i < pool.chunks.size(); i++) {
        INVARIANT(!pool.chunks[i].range.empty());
        INVARIANT(i == 0 || pool.chunks[i - 1].range.end <= pool.chunks[i].range.begin);
    }
    INVARIANT(pool.made() == !pool.chunks.empty());
}

void check_free(const NativeFacts& facts) {
    const auto free = facts.free_memory();
    for (std::size_t i = 0; i < free.size(); i++) {
        INVARIANT(!free[i].empty());
        INVARIANT(i == 0 || free[i - 1].end <= free[i].begin);
        INVARIANT(std::ranges::count_if(facts.pool.chunks, [&](const PoolChunk& chunk) {
                      return chunk.range.contains(free[i]) && free[i].begin - chunk.range.begin >= pool_park_size;
                  }) == 1);
        for (const NativeInstance& instance : facts.instances)
            for (const PhysRange& held : instance.memory)
                INVARIANT(!held.overlaps(free[i]));
    }
    for (const PoolChunk& chunk : facts.pool.chunks)
        if (chunk.numa_node)
            INVARIANT(total_size(facts.free_memory(chunk.numa_node)) <= total_size(free));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto root = parse_device_tree(fuzz_input(data, size));
    if (!root)
        return 0;
    NativeFacts facts;
    const auto pool = parse_pool_tree(*root);
    check_error(pool);
    if (pool) {
        check_pool(*pool);
        facts.pool = *pool;
    }
    const auto instance = parse_instance_tree(*root);
    check_error(instance);
    if (instance) {
        INVARIANT(once_each(instance->cpus) && once_each(instance->devices) && instance->memory.size() <= 1);
        INVARIANT(std::ranges::none_of(instance->memory, &PhysRange::empty));
        facts.instances.push_back(*instance);
    }
    check_free(facts);
    for (const std::uint64_t cpu : facts.pool.cpus) {
        bool assumed = false;
        const CpuName name{.physical = false, .number = static_cast<std::uint32_t>(cpu)};
        const auto physical = facts.physical_of(name, assumed);
        INVARIANT(cpu > UINT32_MAX || !physical || (*physical == cpu && assumed));
    }
    return 0;
}
