// SPDX-License-Identifier: GPL-2.0-or-later
// The verbs that do not load. Each returns the exit code.
#pragma once

#include "kexec/program/session.h"

namespace kx {

// Whether the kernel says that it has no crash reservation, or knows of none.
bool no_crash_reservation(const SystemFiles& files);

Result<int> unload(Session& session);
// Returns only if the start failed, or if the kernel is a test's fake.
Result<int> start(Session& session);
// For `kexec KERNEL`: the system's own shutdown, which starts the loaded kernel at its end; where there is none,
// start().
Result<int> shut_down(Session& session);
Result<int> status(Session& session);
Result<int> check(Session& session);
Result<int> capture(Session& session);
// What kexec handover hands in and out, or what the file that an operand names holds.
Result<int> show_kho(Session& session);
// Reads what show_kho reads.
void read_for_kho(const SystemFiles& files);
Result<int> print_crash_size(Session& session);

} // namespace kx
