// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands of kdump work with. To add one: a source file with its option rows, its function and
// `constinit const Command NAME_command`; the declaration and the row in command_table.{h,cc}; the file in local.mk; an
// item in doc/kdump.8 (a test holds the page against the table).
#pragma once

#include "kexec/cli/command.h"
#include "kexec/core/notices.h"

#include <cstdio>

namespace kx::kdump {

inline constexpr int exit_failure = 1; // also where what was asked for cannot be meant
inline constexpr Program program{"kdump", exit_failure, exit_failure};

struct Session {
    const Arguments& arguments;
    Notices& notices; // printed to `err` when the command has ended
    std::FILE* out;   // standard output
    std::FILE* err;
};

using Command = kx::Command<Session>;

} // namespace kx::kdump
