// SPDX-License-Identifier: GPL-2.0-or-later
// The rules of validation.h, one file each for CPUs, memory and devices.
#pragma once

#include "multikernel/desired/validation.h"

#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace kx {

// Where the rules put what they find, and questions that several rules ask.
class Findings {
public:
    Findings(const DesiredState& state, const MachineResources& resources) : desired(state), machine(resources) {}

    const DesiredState& desired;
    const MachineResources& machine;
    std::vector<Problem> problems;

    void error(std::string where, std::string what, std::string suggestion = {}) {
        problems.push_back({Problem::Severity::error, std::move(where), std::move(what), std::move(suggestion)});
    }
    void warning(std::string where, std::string what, std::string suggestion = {}) {
        problems.push_back({Problem::Severity::warning, std::move(where), std::move(what), std::move(suggestion)});
    }
    // Instances that are there afterwards and are not described anew.
    std::vector<const InstanceShare*> left_alone() const {
        std::vector<const InstanceShare*> left;
        for (const InstanceShare& share : machine.instances)
            if (!desired.find(share.name))
                left.push_back(&share);
        return left;
    }
};

inline std::string place_of(const DesiredInstance& instance) {
    return "instance " + instance.name;
}

void check_cpus(Findings& findings);
void check_memory(Findings& findings);
void check_devices(Findings& findings);

} // namespace kx
