// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/memory_pool.h"

#include "kexec/core/command_line.h"
#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/memory_blocks.h"
#include "kexec/machine/memory_map.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::uint64_t page = 4096;
constexpr std::uint64_t first_address = 1 << 20;

std::vector<PhysRange> whole_pages(std::span<const PhysRange> ranges) {
    std::vector<PhysRange> whole;
    for (const PhysRange& range : ranges)
        if (const auto begin = align_up(std::max(range.begin, first_address), page))
            if (const auto pages = PhysRange::between(*begin, align_down(range.end, page)))
                whole.push_back(*pages);
    return whole;
}

// memmap=SIZE$ADDR, several in one parameter parted by commas. What cannot be read reserves nothing.
std::vector<PhysRange> asked_for_at_boot(std::string_view command_line) {
    constexpr std::string_view parameter = "memmap=";
    std::vector<PhysRange> ranges;
    for (std::string_view word : command_line_words(command_line)) {
        if (!word.starts_with(parameter))
            continue;
        word.remove_prefix(parameter.size());
        while (!word.empty()) {
            const std::string_view one = word.substr(0, word.find(','));
            word.remove_prefix(std::min(one.size() + 1, word.size()));
            const std::size_t dollar = one.find('$');
            if (dollar == one.npos)
                continue;
            const auto size = parse_size(one.substr(0, dollar));
            const auto address = parse_size(one.substr(dollar + 1));
            if (size && address)
                if (const auto range = PhysRange::at(*address, *size))
                    ranges.push_back(*range);
        }
    }
    return normalized(std::move(ranges));
}

std::vector<PhysRange> nothing_but_reserved(std::span<const IomemEntry> iomem) {
    constexpr std::string_view reserved = "Reserved";
    std::vector<PhysRange> others;
    for (const IomemEntry& entry : iomem)
        if (entry.name != reserved)
            others.push_back(entry.range);
    return difference(ranges_named(iomem, reserved), normalized(std::move(others)));
}

Result<std::vector<PhysRange>> reserved_at_boot(const SystemFiles& files, std::span<const IomemEntry> iomem) {
    const std::string command_line = KX_TRY(files.read("proc/cmdline"));
    const auto asked = asked_for_at_boot(command_line);
    if (asked.empty())
        return asked;
    const auto firmware = KX_TRY(read_firmware_map(files));
    return intersection(intersection(asked, ram_of(firmware)), nothing_but_reserved(iomem));
}

Result<std::vector<PhysRange>> offline_ram(const SystemFiles& files, std::span<const IomemEntry> iomem,
                                           Notices& notices) {
    constexpr std::string_view parameter = "sys/module/memory_hotplug/parameters/memmap_on_memory";
    auto offline = intersection(KX_TRY(read_offline_memory(files)), replaceable_ram(iomem));
    const auto tables_inside = read_value(files, parameter);
    if (offline.empty() || !tables_inside || *tables_inside == "N")
        return offline;
    notices.add("{} is {}: the running kernel may keep tables in memory blocks that are offline; they are left out",
                files.display(parameter), *tables_inside);
    return std::vector<PhysRange>();
}

} // namespace

Result<std::vector<PoolRange>> read_memory_pool(const SystemFiles& files, Notices& notices) {
    const auto iomem = KX_TRY(read_iomem(files));
    std::vector<PoolRange> pool;
    for (const PhysRange& range : whole_pages(KX_TRY(reserved_at_boot(files, iomem))))
        pool.push_back({range, PoolSource::reserved_at_boot});
    for (const PhysRange& range : whole_pages(KX_TRY(offline_ram(files, iomem, notices))))
        pool.push_back({range, PoolSource::offline_block});
    std::ranges::sort(pool, {}, [](const PoolRange& entry) { return entry.range.begin; });
    return pool;
}

std::vector<PhysRange> free_pool(std::span<const PoolRange> pool, std::span<const PhysRange> taken) {
    const auto held = normalized({taken.begin(), taken.end()});
    std::vector<PhysRange> free;
    for (const PoolRange& entry : pool) {
        const auto rest = difference(std::span(&entry.range, 1), held);
        free.insert(free.end(), rest.begin(), rest.end());
    }
    return free;
}

} // namespace kx
