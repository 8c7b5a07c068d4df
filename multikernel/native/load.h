// SPDX-License-Identifier: GPL-2.0-or-later
// -l and -f with --multikernel on a multikernel kernel, which places the image itself (doc/multikernel-dialects.md).
#pragma once

#include "kexec/program/session.h"

namespace kx {

// Loads and returns the instance's id; with --dry-run prints the plan. The instance, and the pool, are made where they
// have to be, and removed again when the load fails after that. The caller holds the lock, but for a --dry-run.
Result<std::uint32_t> load_into_native(Session& session);

} // namespace kx
