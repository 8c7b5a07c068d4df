// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs with --multikernel --mk-abi=v1: a kernel with the first multikernel patches keeps no ids, tells nothing of
// what is loaded, and stops nothing that it started (doc/multikernel-dialects.md).
#pragma once

#include "kexec/program/session.h"

namespace kx {

// The caller has made sure that the running kernel is not known to be another (dialect.h).
Result<int> v1_verb(Session& session);

} // namespace kx
