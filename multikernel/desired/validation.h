// SPDX-License-Identifier: GPL-2.0-or-later
// Checks, before anything is changed, whether a machine can become what a user wants. All rules are checked, so that
// the user sees all mistakes at once. Pure.
#pragma once

#include "multikernel/desired/state.h"
#include "multikernel/instance/resources.h"

#include <span>
#include <string>
#include <vector>

namespace kx {

struct Problem {
    enum class Severity { error, warning };
    Severity severity = Severity::error;
    std::string where;      // "instance web", "pool", "device eth0"
    std::string what;       // one clause
    std::string suggestion; // what to write instead; may be empty
    friend bool operator==(const Problem&, const Problem&) = default;
};

// Errors first. Instances of `machine` that `desired` does not name keep what they hold; what `desired` does not say of
// an instance stays as it is.
//
// Errors: names, ids (1 to 2047) and devices that are there twice; references that lead nowhere; CPUs that the machine
// does not have, that are not in the pool, that the running kernel keeps, or that two instances have; memory that is
// not whole pages, outside the pool, in two instances, or more than is free in one piece; virtual functions and
// namespaces outside the device's range. Warnings: an instance across NUMA nodes, half a core, little memory, a pool of
// which something is left over.
std::vector<Problem> validate(const DesiredState& desired, const MachineResources& machine);

bool has_errors(std::span<const Problem> problems);
// "error: instance web: CPU 9 is not there: free are 2, 3".
std::string text_of(const Problem& problem);
// All errors as one: Errc::usage.
Result<> refuse_errors(std::span<const Problem> problems);

} // namespace kx
