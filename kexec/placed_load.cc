// SPDX-License-Identifier: GPL-2.0-or-later
#include "placed_load.h"

#include "arch/architecture.h"
#include "loader/formats.h"

namespace kx {

Result<PlacedLoad> place_load(const LoadRequest& request, PurgatoryOptions purgatory, const Machine& machine,
                              Notices& notices) {
    const Architecture* architecture = KX_TRY(architecture_named(machine.architecture));
    PlacedLoad load{.kexec_arch = architecture->kexec_arch};
    load.plan = KX_TRY(plan_load(request, machine, notices));

    purgatory.window = architecture->purgatory_window;
    if (!purgatory.serial_base)
        purgatory.serial_base = architecture->serial_base(load.plan.command_line);
    load.plan.demands.push_back(KX_TRY(purgatory_demand(architecture->purgatory, load.plan, purgatory)));

    load.free_ram = intersection(machine.free_ram, std::span(&request.memory_limits, 1));
    load.placement = KX_TRY(place(std::move(load.plan.demands), load.free_ram));
    load.plan.demands.clear();
    KX_TRY(load.placement.compose(purgatory_name));

    load.entry = KX_TRY(purgatory_entry(architecture->purgatory, load.placement));
    load.kernel_entry = KX_TRY(load.placement.address_of(load.plan.entry.segment, load.plan.entry.offset));
    return load;
}

} // namespace kx
