// SPDX-License-Identifier: GPL-2.0-or-later
// Chooses CPUs for an instance that names only their number, among the free ones. Pure.
#pragma once

#include "kexec/core/result.h"
#include "multikernel/instance/resources.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace kx {

enum class CpuAffinity {
    none,    // the lowest numbers
    compact, // whole cores, as few NUMA nodes as possible
    spread,  // as many NUMA nodes and cores as possible
    local,   // one NUMA node, whole cores first
};
std::optional<CpuAffinity> cpu_affinity(std::string_view word);

// `nodes`: only CPUs of these NUMA nodes; empty: of any. The first in the answer is to be the boot CPU. Errc::no_room
// says how many are free; Errc::unsupported where it is not known which CPUs share a core or a node, with what to do
// instead.
Result<std::vector<MachineCpu>> choose_cpus(const MachineResources& machine, std::size_t count, CpuAffinity affinity,
                                            std::span<const std::uint32_t> nodes);

} // namespace kx
