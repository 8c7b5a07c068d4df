// SPDX-License-Identifier: GPL-2.0-or-later
// One run of the program: the words of the command line in, the exit code out.
#pragma once

#include "kexec/machine/system_files.h"
#include "kexec/system/kernel.h"

#include <cstdio>
#include <span>
#include <string>

namespace kx::ctl {

// What the program works on. main() has the real ones, tests have their own.
struct Surroundings {
    const SystemFiles& files; // of the running machine; --machine=DIR reads DIR in its place
    Kernel& kernel;
    std::FILE* out;
    std::FILE* err;
    std::string run_root = "/";
};

// `words` begins with the program's name.
int run(std::span<const std::string> words, const Surroundings& surroundings);

} // namespace kx::ctl
