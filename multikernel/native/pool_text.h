// SPDX-License-Identifier: GPL-2.0-or-later
// --multikernel-pool on a multikernel kernel.
#pragma once

#include "kexec/program/session.h"

namespace kx {

// Shows the pool; with a size makes it, lets it grow until so much is free in one piece, or (0) gives all back. The
// JSON has the schema "kexec-pool-1" (doc/plan-json.md). With --dry-run prints what would be written.
Result<int> native_pool(Session& session);

} // namespace kx
