// SPDX-License-Identifier: GPL-2.0-or-later
// A program, and what is around every program's own work: standard files that are open, exceptions of libraries, output
// that arrives.
#pragma once

#include "kexec/core/result.h"

#include <cstdio>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

inline constexpr int exit_done = 0;

struct Program {
    std::string_view name; // before its messages, and in its help
    int usage_code;        // its exit code where what was asked for cannot be meant
    int failure_code;      // for anything else that failed
};

// Prints the error as a message of the program and returns the exit code for it.
int report(const Program& program, const Error& error, std::FILE* to = stderr);

// "kdump (kexec-tools-mk) 0.9\n": what --version prints.
std::string version_text(const Program& program);

// The exit code of `run`, which gets argv; the program's failure_code where standard output did not take what was
// printed.
int run_program(const Program& program, const std::vector<std::string>& words,
                const std::function<int(std::span<const std::string>)>& run);

} // namespace kx
