// SPDX-License-Identifier: GPL-2.0-or-later
// Logical and physical numbers of CPUs on a multikernel kernel, where those of the pool leave /proc/cpuinfo.
#include "multikernel/native/filesystem.h"

#include <algorithm>

namespace kx {
namespace {

// Logical numbers are counted without gaps: where physical numbers are not, some CPU has two different ones.
bool without_gaps(std::span<const Cpu> known, std::vector<std::uint64_t> physical) {
    for (const Cpu& cpu : known)
        physical.push_back(cpu.physical);
    std::ranges::sort(physical);
    const auto rest = std::ranges::unique(physical);
    physical.erase(rest.begin(), rest.end());
    return !physical.empty() && physical.back() == physical.size() - 1;
}

} // namespace

Result<std::uint64_t> NativeFacts::physical_of(const CpuName& name, bool& assumed) const {
    if (name.physical)
        return name.number;
    if (const auto found = std::ranges::find(cpus, name.number, &Cpu::logical); found != cpus.end())
        return found->physical;
    const bool all_same =
        std::ranges::all_of(cpus, [](Cpu cpu) { return cpu.logical == cpu.physical; }) && without_gaps(cpus, pool.cpus);
    if (all_same && std::ranges::count(pool.cpus, name.number) != 0) {
        assumed = true;
        return name.number;
    }
    std::vector<std::uint64_t> unknown;
    std::ranges::copy_if(pool.cpus, std::back_inserter(unknown), [&](std::uint64_t cpu) { return !logical_of(cpu); });
    if (unknown.empty())
        return fail(Errc::not_found, "there is no CPU {}", name.number);
    return fail(Errc::not_found,
                "CPU {}'s APIC id is not known: a CPU of the pool is not in /proc/cpuinfo. Name it by its APIC id; the "
                "pool has apic:{:#x} under numbers that are not known",
                name.number, fmt::join(unknown, ", apic:"));
}

std::optional<std::uint32_t> NativeFacts::logical_of(std::uint64_t physical) const {
    const auto found = std::ranges::find_if(cpus, [physical](Cpu cpu) { return cpu.physical == physical; });
    return found == cpus.end() ? std::nullopt : std::optional(found->logical);
}

} // namespace kx
