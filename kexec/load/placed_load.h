// SPDX-License-Identifier: GPL-2.0-or-later
// A load by kexec_load, planned to the last byte: from a request and the facts of a machine to placed segments with
// purgatory among them. Pure: the same for this machine, a captured one and a test.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/loader/load_request.h"
#include "kexec/machine/machine.h"
#include "kexec/plan/load_plan.h"
#include "kexec/plan/placement.h"
#include "kexec/purgatory/fill.h"

#include <optional>
#include <vector>

namespace kx {

struct PlacedLoad {
    LoadPlan plan; // its demands went into the placement
    Placement placement;
    std::vector<PhysRange> free_ram; // what the placement chose from
    std::uint64_t entry = 0;         // physical: purgatory's first instruction
    std::uint64_t kernel_entry = 0;  // physical: where purgatory jumps
    std::uint64_t kexec_arch = 0;    // KEXEC_ARCH_* for the flags
};

// `purgatory`: windows and, where it is not set, serial_base are the architecture's. `besides`: demands that are not
// the loader's; the request's memory limits do not hold for them.
Result<PlacedLoad> place_load(const LoadRequest& request, PurgatoryOptions purgatory, const Machine& machine,
                              std::vector<Demand> besides, Notices& notices);

} // namespace kx
