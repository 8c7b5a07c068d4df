// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/text.h"
#include "kexec/machine/memory_map.h"
#include "kexec/system/call_context.h"
#include "multikernel/module/pool.h"
#include "multikernel/placed/memory_choice.h"
#include "multikernel/records/pool_record.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kx {
namespace {

SysResult<> put(const InstanceControl& control, const MemoryBlock& block, std::string_view state) {
    return control.kernel.write_attribute(fmt::format("sys/devices/system/memory/memory{}/state", block.number), state);
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
std::vector<std::uint32_t> put_back(const InstanceControl& control, std::span<const MemoryBlock> blocks) {
    std::vector<std::uint32_t> left;
    for (const MemoryBlock& block : blocks) {
        if (put(control, block, "online"))
            continue;
        control.notices.add("{} is left offline: it could not be brought back", shown(block));
        left.push_back(block.number);
    }
    return left;
}

// A run of neighbours, whole or not at all. They are in the record before they go, so that --multikernel-pool=0 knows
// them whatever ends this program. The block that refused is added to `refused`.
Result<bool> take_run(const InstanceControl& control, std::span<const MemoryBlock> run,
                      std::vector<std::uint32_t>& ours, std::vector<std::uint32_t>& refused) {
    std::vector<std::uint32_t> with_run = ours;
    for (const MemoryBlock& block : run)
        with_run.push_back(block.number);
    KX_TRY(write_pool_record(control.run_root, with_run));
    for (std::size_t i = 0; i < run.size(); ++i) {
        const auto taken = put(control, run[i], "offline");
        if (taken)
            continue;
        control.notices.add("{}", why_not(run[i], taken.error()));
        refused.push_back(run[i].number);
        const auto left = put_back(control, run.first(i));
        ours.insert(ours.end(), left.begin(), left.end());
        KX_TRY(write_pool_record(control.run_root, ours));
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

bool is_held(const MemoryBlock& block, const ModulePool& pool) {
    return !intersection(std::span(&block.range, 1), pool.taken()).empty();
}

} // namespace

Result<std::vector<std::vector<MemoryBlock>>> module_pool_candidates(const SystemFiles& files, Notices& notices,
                                                                     std::uint64_t size) {
    ModulePool pool = KX_TRY(read_module_pool(files, notices));
    KX_TRY(leave_out_holes(pool.blocks, files));
    return pool_candidates(pool.blocks, pool.free(), size);
}

Result<std::vector<MemoryBlock>> module_pool_to_give_back(const SystemFiles& files, Notices& notices) {
    const ModulePool pool = KX_TRY(read_module_pool(files, notices));
    const std::vector<std::uint32_t> ours = KX_TRY(read_pool_record(files));
    std::vector<MemoryBlock> back;
    for (const MemoryBlock& block : pool.blocks) {
        if (!block.online && holds(ours, block) && !is_held(block, pool))
            back.push_back(block);
    }
    return back;
}

Result<> grow_module_pool(const InstanceControl& control, std::uint64_t size) {
    const auto candidates = KX_TRY(module_pool_candidates(control.files, control.notices, size));
    if (std::ranges::any_of(candidates, &std::vector<MemoryBlock>::empty))
        return {};
    Notices told; // by the first reading
    const ModulePool pool = KX_TRY(read_module_pool(control.files, told));
    if (pool.blocks.empty())
        return fail(Errc::unsupported,
                    "this kernel cannot put memory blocks offline (no {}); reserve memory at boot "
                    "with memmap=SIZE$ADDR",
                    control.files.display("sys/devices/system/memory"));
    if (read_call_context(control.files, false).image_loaded.value_or(false))
        control.notices.add(
            "a kernel is loaded for kexec -e and may be bound for this memory: load it again afterwards");
    std::vector<std::uint32_t> ours = KX_TRY(read_pool_record(control.files));
    std::vector<std::uint32_t> refused;
    for (const std::vector<MemoryBlock>& run : candidates) {
        if (std::ranges::any_of(run, [&](const MemoryBlock& block) { return holds(refused, block); }))
            continue;
        if (!KX_TRY(take_run(control, run, ours, refused)))
            continue;
        const ModulePool made = KX_TRY(read_module_pool(control.files, control.notices));
        const auto still_missing = pool_candidates(made.blocks, made.free(), size);
        if (std::ranges::any_of(still_missing, &std::vector<MemoryBlock>::empty))
            return {};
        const auto left = put_back(control, run);
        ours.insert(ours.end(), left.begin(), left.end());
        KX_TRY(write_pool_record(control.run_root, ours));
        return fail(Errc::unsupported,
                    "{} and what was to go with it went offline, and no instance could use it all the same; {}",
                    shown(run.front()), left.empty() ? "all was brought back" : "not all could be brought back");
    }
    return fail(Errc::no_room,
                "no run of memory blocks with {} in one piece could be put offline ({} of the pool are free now); a "
                "machine that was just started, or booted with movable_node or memmap=, has more to give",
                size_text(size), size_text(total_size(pool.free())));
}

// Only what this program put offline: other blocks may be offline for reasons of their own.
Result<bool> give_back_module_pool(const InstanceControl& control) {
    const ModulePool pool = KX_TRY(read_module_pool(control.files, control.notices));
    const std::vector<std::uint32_t> ours = KX_TRY(read_pool_record(control.files));
    std::vector<std::uint32_t> kept;
    for (const MemoryBlock& block : pool.blocks) {
        if (block.online || !holds(ours, block))
            continue;
        if (is_held(block, pool)) {
            control.notices.add("{} stays in the pool: an instance holds it", shown(block));
            kept.push_back(block.number);
        } else if (const auto back = put(control, block, "online"); !back) {
            control.notices.add("{} could not be brought back: {}", shown(block), std::strerror(back.error().value));
            kept.push_back(block.number);
        }
    }
    KX_TRY(write_pool_record(control.run_root, kept));
    return kept.empty();
}

} // namespace kx
