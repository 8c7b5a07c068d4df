// SPDX-License-Identifier: GPL-2.0-or-later
// -S with --multikernel.
#pragma once

#include "kexec/machine/multikernel.h"
#include "kexec/program/session.h"

namespace kx {

// Reads all that planning for an instance and showing instances would read: for a capture.
void read_for_instances(const SystemFiles& files);

// Prints one instance, or all; the JSON's schema is "kexec-instances-1" (doc/plan-json.md). Exit code 0; an instance
// that is not there is an error.
Result<int> instance_status(Session& session, MultikernelDialect dialect);

} // namespace kx
