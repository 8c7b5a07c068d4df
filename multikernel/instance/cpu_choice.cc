// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/instance/cpu_choice.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace kx {
namespace {

using Core = std::vector<MachineCpu>; // the free CPUs of one core
using Node = std::vector<Core>;       // those of one NUMA node
constexpr std::string_view instead = "the running kernel tells it only of CPUs that are online; name them: --cpus LIST";

std::size_t size_of(const Node& node) {
    std::size_t sum = 0;
    for (const Core& core : node)
        sum += core.size();
    return sum;
}

std::string list_of(std::span<const MachineCpu> cpus) {
    std::string text;
    for (const MachineCpu& cpu : cpus)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", text_of(cpu));
    return text;
}

std::vector<MachineCpu> free_cpus(const MachineResources& machine, std::span<const std::uint32_t> nodes) {
    std::vector<MachineCpu> free;
    for (const MachineCpu& cpu : machine.cpus) {
        const bool wanted = nodes.empty() || (cpu.numa_node && std::ranges::find(nodes, *cpu.numa_node) != nodes.end());
        if (cpu.pool && !cpu.boot && wanted && !machine.holder_of(cpu.physical))
            free.push_back(cpu);
    }
    std::ranges::sort(free, {}, [](const MachineCpu& cpu) {
        return std::pair(cpu.logical ? std::uint64_t{*cpu.logical} : UINT64_MAX, cpu.physical);
    });
    return free;
}

// If no CPU of the machine has a node, all count as one node.
Result<std::vector<Node>> nodes_of(const MachineResources& machine, std::span<const MachineCpu> free, bool nodes_matter,
                                   bool cores_matter) {
    const bool nodes_known =
        std::ranges::any_of(machine.cpus, [](const MachineCpu& cpu) { return cpu.numa_node.has_value(); });
    std::map<std::uint32_t, std::map<std::uint64_t, Core>> sorted;
    for (const MachineCpu& cpu : free) {
        if (!cpu.numa_node && (nodes_known || nodes_matter))
            return fail(Errc::unsupported, "which NUMA node CPU {} belongs to is not known; {}", text_of(cpu), instead);
        if (!cpu.core && cores_matter)
            return fail(Errc::unsupported, "which core CPU {} belongs to is not known; {}", text_of(cpu), instead);
        const std::uint64_t alone = 1ull << 63 | cpu.physical;
        sorted[cpu.numa_node.value_or(0)][cpu.core.value_or(alone)].push_back(cpu);
    }
    std::vector<Node> nodes;
    for (auto& [number, cores] : sorted) {
        Node& node = nodes.emplace_back();
        for (auto& [core, cpus] : cores)
            node.push_back(std::move(cpus));
        std::ranges::sort(node, {}, [](const Core& core) {
            return std::tuple(-static_cast<std::ptrdiff_t>(core.size()), core.front().core, core.front().physical);
        });
    }
    return nodes;
}

// Of the nodes that have enough CPUs, the one with the fewest left over; if none has enough, the fullest ones first.
std::vector<Node> tightest_first(std::vector<Node> nodes, std::size_t count) {
    std::ranges::sort(nodes, {}, [](const Node& node) {
        return std::pair(-static_cast<std::ptrdiff_t>(size_of(node)), node.front().front().numa_node);
    });
    const auto short_ones = std::ranges::find_if(nodes, [&](const Node& node) { return size_of(node) < count; });
    if (short_ones != nodes.begin())
        std::rotate(nodes.begin(), short_ones - 1, short_ones);
    return nodes;
}

std::vector<MachineCpu> in_order(std::span<const Node> nodes, std::size_t count) {
    std::vector<MachineCpu> chosen;
    for (const Node& node : nodes)
        for (const Core& core : node)
            for (const MachineCpu& cpu : core)
                if (chosen.size() < count)
                    chosen.push_back(cpu);
    return chosen;
}

// The nodes take turns; within one, the cores do.
std::vector<MachineCpu> by_turns(std::span<const Node> nodes, std::size_t count) {
    std::vector<std::vector<MachineCpu>> lanes;
    for (const Node& node : nodes) {
        auto& lane = lanes.emplace_back();
        for (std::size_t thread = 0; lane.size() < size_of(node); ++thread)
            for (const Core& core : node)
                if (thread < core.size())
                    lane.push_back(core[thread]);
    }
    std::vector<MachineCpu> chosen;
    for (std::size_t turn = 0; chosen.size() < count; ++turn)
        for (const auto& lane : lanes)
            if (turn < lane.size() && chosen.size() < count)
                chosen.push_back(lane[turn]);
    return chosen;
}

} // namespace

std::optional<CpuAffinity> cpu_affinity(std::string_view word) {
    constexpr std::pair<std::string_view, CpuAffinity> words[] = {
        {"compact", CpuAffinity::compact}, {"spread", CpuAffinity::spread}, {"local", CpuAffinity::local}};
    for (const auto& [name, affinity] : words) {
        if (name == word)
            return affinity;
    }
    return std::nullopt;
}

Result<std::vector<MachineCpu>> choose_cpus(const MachineResources& machine, std::size_t count, CpuAffinity affinity,
                                            std::span<const std::uint32_t> nodes) {
    const std::vector<MachineCpu> free = free_cpus(machine, nodes);
    if (free.size() < count)
        return fail(Errc::no_room, "{} CPUs are wanted, and {} of the pool {} free{}{}{}", count, free.size(),
                    free.size() == 1 ? "is" : "are",
                    nodes.empty() ? "" : fmt::format(" on NUMA node {}", fmt::join(nodes, ", ")),
                    free.empty() ? "" : ": ", list_of(free));
    if (affinity == CpuAffinity::none)
        return std::vector(free.begin(), free.begin() + static_cast<std::ptrdiff_t>(count));
    const bool local = affinity == CpuAffinity::local;
    auto by_node = KX_TRY(nodes_of(machine, free, local, !local));
    if (affinity == CpuAffinity::spread)
        return by_turns(by_node, count);
    by_node = tightest_first(std::move(by_node), count);
    if (local && size_of(by_node.front()) < count)
        return fail(Errc::no_room, "no NUMA node has {} free CPUs: at most {}", count, size_of(by_node.front()));
    return in_order(by_node, count);
}

} // namespace kx
