// SPDX-License-Identifier: GPL-2.0-or-later
// What a command of kdump is, and what it works with. To add one: a source file with its option rows, its function and
// `constinit const Command NAME_command`; the declaration and the row in command_table.{h,cc}; the file in local.mk; an
// item in doc/kdump.8 (a test holds the page against the table).
#pragma once

#include "kexec/cli/arguments.h"
#include "kexec/core/notices.h"
#include "kexec/core/result.h"
#include "kexec/core/terminal_text.h"

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>

namespace kx::kdump {

inline constexpr int exit_done = 0;
inline constexpr int exit_failure = 1; // what was asked for cannot be meant, too

struct Session {
    const Arguments& arguments;
    Notices& notices; // printed to `err` when the command has ended
    std::FILE* out;   // standard output
    std::FILE* err;
};

struct Command {
    const char* name;
    const char* operands; // for the help: "FILE"
    const char* text;     // one sentence
    std::size_t least_operands;
    std::size_t most_operands;
    std::span<const ArgumentRow> options; // its own; --help comes to all
    Result<int> (*run)(Session&);         // the exit code; an error is printed
};

template <typename... Args> void print(std::FILE* to, fmt::format_string<Args...> format, Args&&... args) {
    print_text(to, fmt::format(format, std::forward<Args>(args)...));
}

} // namespace kx::kdump
