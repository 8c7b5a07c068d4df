// SPDX-License-Identifier: GPL-2.0-or-later
// The pool's part of desired_plan.h. A pool is made or grown, never made smaller.
#pragma once

#include "multikernel/desired/plan.h"

namespace kx {

// None or one: make_pool or grow_pool.
Result<std::vector<DesiredStep>> pool_steps(const DesiredPool& pool, const MachineResources& machine);

// By the pool's name for it, by PCI address or by platform name; nullptr: not declared.
const DesiredDevice* declared_device(const DesiredState& desired, std::string_view name);

} // namespace kx
