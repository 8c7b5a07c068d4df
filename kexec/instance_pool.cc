// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance_verbs.h"
#include "machine/memory_map.h"
#include "multikernel/facts.h"
#include "multikernel/lock.h"
#include "multikernel/memory_choice.h"
#include "multikernel/pool_record.h"
#include "plan/report.h"
#include "verbs.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace kx {
namespace {

using nlohmann::ordered_json;

struct Pool {
    std::vector<MemoryBlock> blocks;
    std::vector<PoolRange> ranges;
    std::vector<InstanceFacts> instances;

    std::vector<PhysRange> taken() const {
        std::vector<PhysRange> all;
        for (const InstanceFacts& instance : instances)
            all.insert(all.end(), instance.memory.begin(), instance.memory.end());
        return normalized(std::move(all));
    }
    std::vector<PhysRange> free() const { return free_pool(ranges, taken()); }
};

// The pool can be looked at, and made, before there is a module.
Result<Pool> read_pool(const SystemFiles& files, Notices& notices) {
    Pool pool{KX_TRY(read_memory_blocks(files)), KX_TRY(read_memory_pool(files, notices)), {}};
    if (multikernel_dialect(files) == MultikernelDialect::module)
        pool.instances = KX_TRY(read_multikernel_facts(files)).instances;
    return pool;
}

std::uint64_t total(std::span<const PhysRange> ranges) {
    std::uint64_t sum = 0;
    for (const PhysRange& range : ranges)
        sum += range.size();
    return sum;
}

std::string_view name_of(PoolSource source) {
    return source == PoolSource::reserved_at_boot ? "reserved at boot" : "offline memory blocks";
}

std::string text_of(const Pool& pool) {
    const std::vector<PhysRange> free = pool.free();
    std::string text;
    for (const PoolRange& range : pool.ranges)
        text += fmt::format("pool     {:#014x}-{:#014x} {:>10}  {}\n", range.range.begin, range.range.end - 1,
                            size_text(range.range.size()), name_of(range.source));
    for (const InstanceFacts& instance : pool.instances) {
        for (const PhysRange& memory : instance.memory)
            text += fmt::format("taken    {:#014x}-{:#014x} {:>10}  instance {} ({})\n", memory.begin, memory.end - 1,
                                size_text(memory.size()), instance.id, instance.status);
    }
    for (const PhysRange& range : free)
        text += fmt::format("free     {:#014x}-{:#014x} {:>10}\n", range.begin, range.end - 1, size_text(range.size()));
    if (pool.ranges.empty())
        text += "the pool is empty: --multikernel-pool=SIZE puts memory blocks offline for it, or boot with "
                "memmap=SIZE$ADDR\n";
    return text;
}

ordered_json json_of(PhysRange range) {
    return {{"begin", range.begin}, {"end", range.end}};
}

std::string json_of(const Pool& pool) {
    ordered_json json{{"schema", "kexec-pool-1"},
                      {"pool", ordered_json::array()},
                      {"taken", ordered_json::array()},
                      {"free", ordered_json::array()}};
    for (const PoolRange& range : pool.ranges) {
        ordered_json one = json_of(range.range);
        one["source"] = range.source == PoolSource::reserved_at_boot ? "reserved" : "offline";
        json["pool"].push_back(one);
    }
    for (const InstanceFacts& instance : pool.instances) {
        for (const PhysRange& memory : instance.memory) {
            ordered_json one = json_of(memory);
            one["instance"] = instance.id;
            json["taken"].push_back(one);
        }
    }
    for (const PhysRange& range : pool.free())
        json["free"].push_back(json_of(range));
    return json.dump(2) + "\n";
}

Result<int> show(const Session& session) {
    const Pool pool = KX_TRY(read_pool(session.files, session.notices));
    print(stdout, "{}", session.options.json ? json_of(pool) : text_of(pool));
    return exit_ok;
}

SysResult<> put(Session& session, const MemoryBlock& block, std::string_view state) {
    return session.kernel.write_attribute(fmt::format("sys/devices/system/memory/memory{}/state", block.number), state);
}

std::string shown(const MemoryBlock& block) {
    return fmt::format("memory block {} ({:#x}-{:#x})", block.number, block.range.begin, block.range.end - 1);
}

std::string why_not(const MemoryBlock& block, Errno error) {
    switch (error.value) {
    case EBUSY:
        return shown(block) + " could not be put offline: it holds memory that cannot be moved (the kernel's own, or "
                              "pinned by a device)";
    case EAGAIN:
    case EINTR:
        return shown(block) + " could not be put offline in time: its memory is being used too busily";
    case ENOMEM:
        return shown(block) + " could not be put offline: what is in it has no room elsewhere";
    default:
        return fmt::format("{} could not be put offline: {}", shown(block), std::strerror(error.value));
    }
}

bool holds(std::span<const std::uint32_t> numbers, const MemoryBlock& block) {
    return std::ranges::find(numbers, block.number) != numbers.end();
}

// The numbers of those that could not be brought back.
std::vector<std::uint32_t> put_back(Session& session, std::span<const MemoryBlock> blocks) {
    std::vector<std::uint32_t> left;
    for (const MemoryBlock& block : blocks) {
        if (put(session, block, "online"))
            continue;
        session.notices.add("{} is left offline: it could not be brought back", shown(block));
        left.push_back(block.number);
    }
    return left;
}

// A run of neighbours, whole or not at all. They are in the record before they go, so that --multikernel-pool=0 knows
// them whatever ends this program. The block that refused is added to `refused`.
Result<bool> take_run(Session& session, std::span<const MemoryBlock> run, std::vector<std::uint32_t>& ours,
                      std::vector<std::uint32_t>& refused) {
    std::vector<std::uint32_t> with_run = ours;
    for (const MemoryBlock& block : run)
        with_run.push_back(block.number);
    KX_TRY(write_pool_record(session.run_root, with_run));
    for (std::size_t i = 0; i < run.size(); ++i) {
        const auto taken = put(session, run[i], "offline");
        if (taken)
            continue;
        session.notices.add("{}", why_not(run[i], taken.error()));
        refused.push_back(run[i].number);
        const auto left = put_back(session, run.first(i));
        ours.insert(ours.end(), left.begin(), left.end());
        KX_TRY(write_pool_record(session.run_root, ours));
        return false;
    }
    return true;
}

// The kernel refuses a block that is not RAM throughout, or of which a driver holds a part: it is not even tried.
Result<> leave_out_holes(std::vector<MemoryBlock>& blocks, const SystemFiles& files) {
    const auto ram = replaceable_ram(KX_TRY(read_iomem(files)));
    for (MemoryBlock& block : blocks)
        block.removable &= difference(std::span(&block.range, 1), ram).empty();
    return {};
}

Result<int> grow(Session& session, std::uint64_t size) {
    Pool pool = KX_TRY(read_pool(session.files, session.notices));
    KX_TRY(leave_out_holes(pool.blocks, session.files));
    const std::vector<PhysRange> free = pool.free();
    const auto candidates = pool_candidates(pool.blocks, free, size);
    if (std::ranges::any_of(candidates, &std::vector<MemoryBlock>::empty))
        return show(session);
    if (pool.blocks.empty())
        return fail(Errc::unsupported,
                    "this kernel cannot put memory blocks offline (no {}); reserve memory at boot "
                    "with memmap=SIZE$ADDR",
                    session.files.display("sys/devices/system/memory"));
    if (normal_kernel_loaded(session.files))
        session.notices.add(
            "a kernel is loaded for kexec -e and may be bound for this memory: load it again afterwards");
    std::vector<std::uint32_t> ours = KX_TRY(read_pool_record(session.files));
    std::vector<std::uint32_t> refused;
    for (const std::vector<MemoryBlock>& run : candidates) {
        if (std::ranges::any_of(run, [&](const MemoryBlock& block) { return holds(refused, block); }))
            continue;
        if (!KX_TRY(take_run(session, run, ours, refused)))
            continue;
        const Pool made = KX_TRY(read_pool(session.files, session.notices));
        const auto still_missing = pool_candidates(made.blocks, made.free(), size);
        if (std::ranges::any_of(still_missing, &std::vector<MemoryBlock>::empty))
            return show(session);
        const auto left = put_back(session, run);
        ours.insert(ours.end(), left.begin(), left.end());
        KX_TRY(write_pool_record(session.run_root, ours));
        return fail(Errc::unsupported,
                    "{} and what was to go with it went offline, and no instance could use it all the same; {}",
                    shown(run.front()), left.empty() ? "all was brought back" : "not all could be brought back");
    }
    return fail(Errc::no_room,
                "no run of memory blocks with {} in one piece could be put offline ({} of the pool are free now); a "
                "machine that was just started, or booted with movable_node or memmap=, has more to give",
                size_text(size), size_text(total(free)));
}

// Only what this program put offline: other blocks may be offline for reasons of their own.
Result<int> give_back(Session& session) {
    const Pool pool = KX_TRY(read_pool(session.files, session.notices));
    const std::vector<PhysRange> taken = pool.taken();
    const std::vector<std::uint32_t> ours = KX_TRY(read_pool_record(session.files));
    std::vector<std::uint32_t> kept;
    for (const MemoryBlock& block : pool.blocks) {
        if (block.online || !holds(ours, block))
            continue;
        const PhysRange range = block.range;
        if (!intersection(std::span(&range, 1), taken).empty()) {
            session.notices.add("{} stays in the pool: an instance holds it", shown(block));
            kept.push_back(block.number);
        } else if (const auto back = put(session, block, "online"); !back) {
            session.notices.add("{} could not be brought back: {}", shown(block), std::strerror(back.error().value));
            kept.push_back(block.number);
        }
    }
    KX_TRY(write_pool_record(session.run_root, kept));
    KX_TRY(show(session));
    return kept.empty() ? exit_ok : exit_failure;
}

} // namespace

Result<int> instance_pool(Session& session) {
    if (!session.options.pool_size || session.options.dry_run)
        return show(session);
    const RunLock lock = KX_TRY(take_lock(session.run_root));
    return *session.options.pool_size == 0 ? give_back(session) : grow(session, *session.options.pool_size);
}

} // namespace kx
