// SPDX-License-Identifier: GPL-2.0-or-later
// A load for a kernel beside the running one where this program places it: on a stock kernel with multikernel/kmod, and
// on one with the first multikernel patches.
#pragma once

#include "kexec/load/inputs.h"
#include "kexec/load/placed_load.h"
#include "kexec/load/report.h"
#include "kexec/program/session.h"
#include "multikernel/placed/handed.h"
#include "multikernel/placed/own_machine.h"

#include <vector>

namespace kx {

struct PlacedInstance {
    Instance instance;
    std::vector<AddedParameter> added;
    InstanceHandover handover;
    PlacedLoad load;
};

// Plans the load to its last byte, and puts the command line and the handover into the request of `inputs`. Refuses a
// load that cannot work, and notes what makes it unwise.
Result<PlacedInstance> place_instance(Session& session, LoadInputs& inputs, const Instance& instance);

LoadReport report_of(const PlacedInstance& placed, const LoadInputs& inputs, const Options& options);

// For kexec_load(2): views into `placed`.
std::vector<KernelSegment> segments_of(const PlacedInstance& placed);

} // namespace kx
