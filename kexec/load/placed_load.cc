// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/load/placed_load.h"

#include "kexec/arch/architecture.h"
#include "kexec/core/shown.h"
#include "kexec/loader/formats.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace kx {
namespace {

// The user's limits narrow every window, so that a refusal names what was left.
Result<> bound(std::vector<Demand>& demands, PhysRange limits) {
    for (Demand& demand : demands) {
        auto window = demand.window.clipped_to(limits);
        if (demand.second_window)
            demand.second_window = demand.second_window->clipped_to(limits);
        if (!window)
            window = std::exchange(demand.second_window, std::nullopt);
        if (!window)
            return fail(Errc::no_room, "no room for {}: it must lie inside {}, and --mem-min and --mem-max leave {}",
                        demand.name, shown(demand.window), shown(limits));
        demand.window = *window;
    }
    return {};
}

} // namespace

Result<PlacedLoad> place_load(const LoadRequest& request, PurgatoryOptions purgatory, const Machine& machine,
                              std::vector<Demand> besides, Notices& notices) {
    const Architecture* architecture = KX_TRY(architecture_named(machine.architecture));
    PlacedLoad load{.kexec_arch = architecture->kexec_arch};
    load.plan = KX_TRY(plan_load(request, machine, notices));

    const PurgatoryArchitecture& own = *architecture->purgatory;
    purgatory.entry_ways = own.entry_ways;
    purgatory.window = own.window;
    purgatory.second_window = own.second_window;
    if (!purgatory.serial_base)
        purgatory.serial_base = own.serial_base(load.plan.command_line);
    load.plan.demands.push_back(KX_TRY(purgatory_demand(own.image, load.plan, purgatory)));

    KX_TRY(bound(load.plan.demands, request.memory_limits));
    std::ranges::move(besides, std::back_inserter(load.plan.demands));
    load.free_ram = machine.free_ram;
    load.placement = KX_TRY(place(std::move(load.plan.demands), load.free_ram));
    load.plan.demands.clear();
    KX_TRY(load.placement.compose(purgatory_name));

    load.entry = KX_TRY(purgatory_entry(own.image, load.placement));
    load.kernel_entry = KX_TRY(load.placement.address_of(load.plan.entry.at.segment, load.plan.entry.at.offset));
    return load;
}

} // namespace kx
