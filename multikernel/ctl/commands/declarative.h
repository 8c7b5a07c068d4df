// SPDX-License-Identifier: GPL-2.0-or-later
// What a declarative file means for a machine: `plan`, `apply`, `revert` and `check FILE` show it.
#pragma once

#include "multikernel/ctl/command.h"
#include "multikernel/desired/plan.h"
#include "multikernel/desired/validation.h"

#include <string>
#include <vector>

namespace kx::ctl {

// `check FILE`: every problem, a line each or as "multikernelctl-validation-1". exit_usage where there is an error.
Result<int> check_file(Session& session, const std::string& path);

} // namespace kx::ctl
