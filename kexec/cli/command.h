// SPDX-License-Identifier: GPL-2.0-or-later
// A program of commands, "kdump save": one table from which the words are parsed, the help is written, and a test
// checks the man page. Each program has a Session of its own, which its commands work with.
#pragma once

#include "kexec/cli/arguments.h"
#include "kexec/cli/print.h"
#include "kexec/cli/program.h"
#include "kexec/core/result.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

inline constexpr std::size_t any_number = SIZE_MAX;

// What is known of a command without running it.
struct CommandRow {
    const char* name;
    const char* operands; // for the help: "FILE", "[NAME|ID]"
    const char* text;     // one sentence
    std::size_t least_operands;
    std::size_t most_operands;
    std::span<const ArgumentRow> options = {};        // its own; --help comes to all
    std::span<const ArgumentRow> shared_options = {}; // those that other commands of the program have, too
    bool passes_on = false; // its words are another program's: none but a leading --help is read as an option
};

template <typename Session> struct Command {
    CommandRow row;
    Result<int> (*run)(Session&); // the exit code; an error is printed
};

template <typename Session> struct CommandTable {
    Program program;
    const char* purpose; // a line for the help
    const char* ending;  // of the help: exit codes, examples
    std::span<const Command<Session>* const> commands;
};

std::string usage_text(const Program& program, const char* purpose, std::span<const CommandRow> rows,
                       const char* ending);
std::string help_of(const Program& program, const CommandRow& row);

// The words behind the command's name. Where --help is given, nothing else of them is judged; otherwise the number of
// operands is right. Errc::usage.
Result<Arguments> parse_command(const Program& program, const CommandRow& row, std::span<const std::string> words);

// One run of a program: argv in, exit code out. `start` makes the session of a command, runs it and returns what it
// returned. `failed` prints an error and returns the exit code; it is told whether the words ask for JSON.
template <typename Session, typename Start, typename Failed>
int run_commands(const CommandTable<Session>& table, std::span<const std::string> words, std::FILE* out, Start start,
                 Failed failed) {
    const Program& program = table.program;
    const auto misused = [&](const std::string& what) {
        return failed(Error{Errc::usage, fmt::format("{} {} --help lists them", what, program.name)}, false);
    };
    if (words.size() < 2)
        return misused("which command?");
    const std::string& name = words[1];
    if (name == "--help" || name == "-h") {
        std::vector<CommandRow> rows;
        for (const auto* command : table.commands)
            rows.push_back(command->row);
        print_text(out, usage_text(program, table.purpose, rows, table.ending));
        return exit_done;
    }
    if (name == "--version" || name == "-V") {
        print_text(out, version_text(program));
        return exit_done;
    }
    const auto found =
        std::ranges::find_if(table.commands, [&](const auto* command) { return command->row.name == name; });
    if (found == table.commands.end())
        return misused(fmt::format("\"{}\" is no command;", name));

    const Command<Session>& command = **found;
    const auto rest = words.subspan(2);
    const auto arguments = parse_command(program, command.row, rest);
    if (!arguments)
        return failed(arguments.error(), !command.row.passes_on && std::ranges::find(rest, "--json") != rest.end());
    if (arguments->given("help")) {
        print_text(out, help_of(program, command.row));
        return exit_done;
    }
    const Result<int> code = start(command, *arguments);
    return code ? *code : failed(code.error(), arguments->given("json"));
}

} // namespace kx
