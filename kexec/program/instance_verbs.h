// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs with --multikernel, about kernels beside the running one, and --multikernel-pool. Each returns the exit
// code.
#pragma once

#include "kexec/program/session.h"

namespace kx {

// What the options ask for with --multikernel.
Result<int> instance_verb(Session& session);

// --multikernel-pool.
Result<int> instance_pool(Session& session);

} // namespace kx
