// SPDX-License-Identifier: GPL-2.0-or-later
// The steps of a plan (desired_plan.h), done one after the other.
#pragma once

#include "multikernel/ctl/change.h"
#include "multikernel/ctl/kexec_program.h"
#include "multikernel/ctl/start_wait.h"
#include "multikernel/desired/plan.h"

#include <functional>
#include <span>
#include <string>

namespace kx::ctl {

struct ApplyOptions {
    bool by_force = false; // halts do not ask the instance's kernel
    Wait wait;             // after each start
    std::function<Result<int>(std::span<const std::string>)> run_kexec = [](auto words) {
        return ctl::run_kexec(words);
    };
    std::function<void(const DesiredStep&)> done = [](const DesiredStep&) {};
};

// Stops at the first step that fails and undoes the steps before it, the last one first. It stops undoing at a step
// that cannot be undone (a kernel was halted, an image dropped, an instance deleted); that step and those before it
// stay done. The error says what stays.
//
// The lock is given back while the kexec program loads, since that takes the lock itself.
Result<> apply_steps(Change& change, std::span<const DesiredStep> steps, const ApplyOptions& options);

} // namespace kx::ctl
