// SPDX-License-Identifier: GPL-2.0-or-later
// What the commands of multikernelctl work with. To add one: a source file with its option rows, its function and
// `constinit const Command NAME_command`; the declaration and the row in command_table.{h,cc}; the file in local.mk; an
// item in doc/multikernelctl.8 (a test holds the page against the table).
#pragma once

#include "kexec/cli/command.h"
#include "kexec/core/notices.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"
#include "kexec/system/kernel.h"
#include "multikernel/core/control.h"

#include <cstdio>
#include <string>

namespace kx::ctl {

inline constexpr int exit_usage = 1;
inline constexpr int exit_failure = 255;
inline constexpr Program program{"multikernelctl", exit_usage, exit_failure};

struct Session {
    const Arguments& arguments;
    const SystemFiles& files;
    Kernel& kernel;
    Notices& notices;
    std::FILE* out;       // standard output
    std::string run_root; // "/"; /run is below it
    std::string program;  // how this program was called: argv[0]
    // --json: exactly one document, with a schema, goes to `out`.
    bool json = false;
    // --dry-run or --machine: nothing is written or locked, no call is made.
    bool dry_run = false;

    InstanceControl control() const { return {kernel, files, notices, run_root, commands}; }
    static constexpr InstanceCommands commands{InstanceCommands::Program::multikernelctl};
};

using Command = kx::Command<Session>;

inline constexpr ArgumentRow json_row = {"json", 0, nullptr, "Print one JSON document (doc/multikernelctl.md)."};
inline constexpr ArgumentRow machine_row = {"machine", 0, "DIR", "Read the machine that kexec --capture wrote to DIR."};

// The options of every command that only reads …
inline constexpr ArgumentRow for_reading[] = {json_row, machine_row};
// … and of every command that changes something. --machine implies --dry-run.
inline constexpr ArgumentRow for_changing[] = {
    {"dry-run", 0, nullptr, "Check and print what would be done; no root needed."}, json_row, machine_row};

template <typename... Args> void print(const Session& session, fmt::format_string<Args...> format, Args&&... args) {
    kx::print(session.out, format, std::forward<Args>(args)...);
}

} // namespace kx::ctl
