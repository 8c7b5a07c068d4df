// SPDX-License-Identifier: GPL-2.0-or-later
// Checks the kernels that a plan would load before anything is done.
#pragma once

#include "multikernel/ctl/command.h"
#include "multikernel/desired/plan.h"
#include "multikernel/instance/resources.h"

#include <span>

namespace kx::ctl {

// On a multikernel kernel: each is one that it takes for an instance (its format, its note), and has room in the memory
// that the instance has or will have been created with. A file that is not there or cannot be read is only noted: a
// plan may be made on another machine.
Result<> check_kernels(Session& session, std::span<const DesiredStep> steps, const MachineResources& machine);

} // namespace kx::ctl
