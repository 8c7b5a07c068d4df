// SPDX-License-Identifier: GPL-2.0-or-later
// A crash kernel by kexec_load: an ordinary load, planned for a machine whose RAM is the reservation.
#pragma once

#include "kexec/load/inputs.h"
#include "kexec/load/placed_load.h"
#include "kexec/load/report.h"
#include "kexec/program/session.h"

namespace kx {

struct CrashLoad {
    PlacedLoad load; // its plan has the command line with what was added
    CrashReport report;
};

// Refuses a command line that the added parameters make too long for the image. Errc::not_found if the machine shows no
// reservation.
Result<CrashLoad> place_crash_load(Session& session, const LoadInputs& inputs, PurgatoryOptions purgatory);

} // namespace kx
