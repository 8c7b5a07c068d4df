// SPDX-License-Identifier: GPL-2.0-or-later
// One instance's part of desired_plan.h.
#pragma once

#include "multikernel/desired/plan.h"

namespace kx {

// In the order in which they are to be done. `id` is for a new one.
Result<std::vector<DesiredStep>> instance_steps(const DesiredState& desired, const DesiredInstance& instance,
                                                std::uint32_t id, const MachineResources& machine,
                                                std::span<const InstanceView> views);

} // namespace kx
