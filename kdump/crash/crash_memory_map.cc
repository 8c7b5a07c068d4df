// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/crash/crash_memory_map.h"

#include <algorithm>

namespace kx {

std::vector<PhysRange> low_ram(const CrashArchitecture& architecture, const Machine& machine) {
    if (!architecture.low_memory)
        return {};
    return intersection(ram_of(machine.memory_map), std::span(&*architecture.low_memory, 1));
}

std::vector<MemoryRange> crash_memory_map(const CrashFacts& facts, const Machine& machine,
                                          std::span<const PhysRange> taken) {
    std::vector<PhysRange> ram = low_ram(*facts.architecture, machine);
    std::ranges::copy(difference(facts.reservations, taken), std::back_inserter(ram));
    std::ranges::copy(facts.cma_reservations, std::back_inserter(ram));

    std::vector<MemoryRange> map;
    for (PhysRange range : normalized(std::move(ram)))
        map.push_back({range, MemoryKind::ram});
    for (const MemoryRange& entry : machine.memory_map)
        if (entry.kind == MemoryKind::acpi_tables || entry.kind == MemoryKind::acpi_nvs ||
            entry.kind == MemoryKind::reserved)
            map.push_back(entry);
    std::ranges::stable_sort(map, {}, [](const MemoryRange& entry) { return entry.range.begin; });
    return map;
}

std::string memmap_parameters(std::span<const MemoryRange> map) {
    std::string text = "memmap=exactmap";
    for (const MemoryRange& entry : map) {
        const char sign = entry.kind == MemoryKind::ram ? '@' : entry.kind == MemoryKind::reserved ? '$' : '#';
        text += fmt::format(" memmap={:#x}{}{:#x}", entry.range.size(), sign, entry.range.begin);
    }
    return text;
}

} // namespace kx
