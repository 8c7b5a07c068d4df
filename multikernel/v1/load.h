// SPDX-License-Identifier: GPL-2.0-or-later
// -l and -f with --multikernel --mk-abi=v1.
#pragma once

#include "kexec/program/session.h"
#include "multikernel/core/cpu_list.h"
#include "multikernel/v1/record.h"

#include <vector>

namespace kx {

// The CPUs of --cpu, each of which is offline. Errc::usage without the option.
Result<std::vector<Cpu>> v1_cpus(Session& session);

// Loads; with --dry-run prints the plan. The memory goes into `record`, which is written before the call is made. The
// caller holds the lock, but for a --dry-run.
Result<> load_into_v1(Session& session, V1Record record);

} // namespace kx
