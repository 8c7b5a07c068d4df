// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/crash/memory_map.h"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace kx {
namespace {

// ACPI must find its own, and a dump may be written to persistent memory.
constexpr std::array firmware_kinds{MemoryKind::reserved, MemoryKind::acpi_tables, MemoryKind::acpi_nvs,
                                    MemoryKind::persistent, MemoryKind::persistent_legacy};

std::string memmap_parameter(const MemoryRange& entry) {
    const auto [begin, size] = std::pair(entry.range.begin, entry.range.size());
    switch (entry.kind) {
    case MemoryKind::ram:
        return fmt::format("memmap={:#x}@{:#x}", size, begin);
    case MemoryKind::acpi_tables:
    case MemoryKind::acpi_nvs:
        return fmt::format("memmap={:#x}#{:#x}", size, begin);
    case MemoryKind::persistent_legacy:
        return fmt::format("memmap={:#x}!{:#x}", size, begin);
    case MemoryKind::persistent:
        return fmt::format("memmap={:#x}%{:#x}+7", size, begin); // the e820 type
    default:
        return fmt::format("memmap={:#x}${:#x}", size, begin);
    }
}

} // namespace

std::vector<PhysRange> low_ram(const CrashArchitecture& architecture, const Machine& machine) {
    if (!architecture.low_memory)
        return {};
    return intersection(ram_of(machine.memory_map), std::span(&*architecture.low_memory, 1));
}

std::vector<MemoryRange> crash_memory_map(const CrashFacts& facts, const Machine& machine,
                                          std::span<const PhysRange> taken) {
    std::vector<PhysRange> ram = low_ram(*facts.architecture->crash, machine);
    std::ranges::copy(facts.reservations, std::back_inserter(ram));
    std::ranges::copy(facts.cma_reservations, std::back_inserter(ram));

    std::vector<MemoryRange> map;
    for (PhysRange range : difference(normalized(std::move(ram)), taken))
        map.push_back({range, MemoryKind::ram});
    for (const MemoryRange& entry : machine.memory_map)
        if (std::ranges::find(firmware_kinds, entry.kind) != firmware_kinds.end())
            map.push_back(entry);
    std::ranges::sort(
        map, {}, [](const MemoryRange& entry) { return std::tuple(entry.range.begin, entry.range.end, entry.kind); });
    return map;
}

std::string memmap_parameters(std::span<const MemoryRange> map) {
    std::string text = "memmap=exactmap";
    for (const MemoryRange& entry : map)
        text += " " + memmap_parameter(entry);
    return text;
}

} // namespace kx
