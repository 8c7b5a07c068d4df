// SPDX-License-Identifier: GPL-2.0-or-later
// What a command of multikernelctl is, and what it works with. To add one: a source file with its option rows, its
// function and `constinit const Command NAME_command`; the declaration and the row in command_table.{h,cc}; the file in
// local.mk; an item in doc/multikernelctl.8 (a test holds the page against the table).
#pragma once

#include "kexec/cli/arguments.h"
#include "kexec/core/notices.h"
#include "kexec/core/result.h"
#include "kexec/core/terminal_text.h"
#include "kexec/machine/system_files.h"
#include "kexec/system/kernel.h"
#include "multikernel/core/control.h"

#include <cstddef>
#include <cstdio>
#include <span>
#include <string>

namespace kx::ctl {

inline constexpr int exit_done = 0;
inline constexpr int exit_usage = 1;
inline constexpr int exit_failure = 255;

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

enum class Effect {
    reads,     // --json, --machine
    changes,   // and --dry-run, which --machine implies
    attaches,  // neither: what it prints is an instance's
    passes_on, // its arguments are another program's: no option is read but a leading --help
};

inline constexpr std::size_t any_number = SIZE_MAX;

struct Command {
    const char* name;
    const char* operands; // for the help: "NAME", "[NAME|ID]"
    const char* text;     // one sentence
    Effect effect;
    std::size_t least_operands;
    std::size_t most_operands;
    std::span<const ArgumentRow> options; // its own; --help, --json, --machine and --dry-run come by `effect`
    Result<int> (*run)(Session&);         // the exit code; an error is printed, as a document too with --json
};

template <typename... Args> void print(const Session& session, fmt::format_string<Args...> format, Args&&... args) {
    print_text(session.out, fmt::format(format, std::forward<Args>(args)...));
}

// For who waits at a terminal: a line to standard error, nothing where that is no terminal.
void progress(std::string_view text);

} // namespace kx::ctl
