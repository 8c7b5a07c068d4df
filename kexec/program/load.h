// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs that load: from options to a plan, and from a plan to a system call.
#pragma once

#include "kexec/program/session.h"

namespace kx {

// Loads, or with --dry-run prints what would be loaded. Returns the exit code.
Result<int> load(Session& session);

} // namespace kx
