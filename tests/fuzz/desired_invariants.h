// SPDX-License-Identifier: GPL-2.0-or-later
// What holds of every wish that a declarative file makes, on a machine of four CPUs.
#pragma once

#include "multikernel/desired/plan.h"
#include "multikernel/desired/validation.h"
#include "tests/fuzz/invariant.h"

#include <algorithm>
#include <set>

namespace kx::test {

inline MachineResources fuzzed_machine(MultikernelDialect dialect) {
    MachineResources machine{.dialect = dialect, .pool_made = true, .memory_alignment = 4096};
    for (std::uint32_t number = 0; number < 4; number++)
        machine.cpus.push_back({.physical = number, .logical = number, .boot = number == 0, .pool = number > 1});
    machine.memory = {{0x4000a000, 0x58000000}};
    machine.instances = {{"db", 511, "active", {2}, {{0x4a00a000, 0x5200a000}}, {}}};
    return machine;
}

inline void check_plan(const DesiredState& desired, const MachineResources& machine) {
    const auto problems = validate(desired, machine);
    for (const Problem& problem : problems)
        INVARIANT(!problem.where.empty() && !problem.what.empty());
    INVARIANT(std::ranges::is_sorted(problems, {}, &Problem::severity));
    if (has_errors(problems))
        return;
    const auto steps = plan_desired(desired, machine, {});
    if (!steps)
        return;
    std::set<std::uint64_t> given;
    std::uint64_t memory = 0;
    for (const DesiredStep& step : *steps) {
        INVARIANT(!text_of(step).empty());
        if (step.action != DesiredStep::Action::create)
            continue;
        for (const std::uint64_t cpu : step.request.cpus)
            INVARIANT(cpu != 0 && given.insert(cpu).second);
        INVARIANT(step.request.id >= 1 && step.request.id <= 2047);
        INVARIANT(step.request.memory_size != 0 && step.request.memory_size % 4096 == 0);
        memory += step.request.memory_size;
    }
    if (!desired.pool)
        INVARIANT(memory <= total_size(machine.memory));
}

inline void check_desired(const DesiredState& desired) {
    for (const DesiredInstance& instance : desired.instances) {
        INVARIANT(instance.cpus.size() <= cpu_limit);
        INVARIANT(instance.kernel.find('\0') == std::string::npos);
        for (const DeviceUse& use : instance.devices.value_or(std::vector<DeviceUse>{}))
            INVARIANT(!use.device.empty());
    }
    for (const auto dialect : {MultikernelDialect::native, MultikernelDialect::module})
        check_plan(desired, fuzzed_machine(dialect));
}

} // namespace kx::test
