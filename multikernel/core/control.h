// SPDX-License-Identifier: GPL-2.0-or-later
// What everything that changes instances works with.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/machine/system_files.h"
#include "kexec/system/instance_commands.h"
#include "kexec/system/kernel.h"

#include <string>

namespace kx {

struct InstanceControl {
    Kernel& kernel;
    const SystemFiles& files;
    Notices& notices;
    std::string run_root = "/"; // /run is below it; tests have their own
    InstanceCommands commands;  // of the program that tells what was refused
    bool rehearsed = false;     // `kernel` only notes the calls: nothing comes of them that could be read back
};

} // namespace kx
