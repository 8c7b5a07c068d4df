// SPDX-License-Identifier: GPL-2.0-or-later
// What everything that changes instances works with.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"
#include "kexec/system/instance_commands.h"
#include "kexec/system/kernel.h"

#include <string>
#include <utility>
#include <vector>

namespace kx {

// A thing that was done to the machine, or would be.
struct Step {
    std::string kind;   // overlay, baseline, attribute, rmdir, call, file, command
    std::string target; // path, or the call's name
    std::string value;  // what is written or passed; device trees as source
    friend bool operator==(const Step&, const Step&) = default;
};

struct InstanceControl {
    Kernel& kernel;
    const SystemFiles& files;
    Notices& notices;
    std::string run_root = "/"; // /run is below it; tests have their own
    InstanceCommands commands;  // of the program that tells what was refused
    bool rehearsed = false;     // `kernel` only notes the calls: nothing comes of them that could be read back
    const bool* canceled = nullptr;     // set once `kernel` ended a rehearsal since nothing can be read back
    std::vector<Step>* steps = nullptr; // where `kernel` notes what it is asked; nullptr: nowhere

    // What is done without `kernel`, for who tells the steps.
    void note(Step step) const {
        if (steps)
            steps->push_back(std::move(step));
    }
    // In a rehearsal, a change that ended because there is nothing to be read back is good.
    template <typename T> Result<> settled(const Result<T>& result) const {
        if (result || (canceled && *canceled))
            return {};
        return std::unexpected(result.error());
    }
};

} // namespace kx
