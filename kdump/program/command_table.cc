// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/command_table.h"

namespace kx::kdump {
namespace {

constexpr const Command* table[] = {
    &save_command,
    &info_command,
    &dmesg_command,
};

constexpr ArgumentRow help_row = {"help", 'h', nullptr, "Show this text."};

} // namespace

std::span<const Command* const> command_table() {
    return table;
}

const Command* find_command(std::string_view name) {
    for (const Command* command : table) {
        if (command->name == name)
            return command;
    }
    return nullptr;
}

std::vector<ArgumentRow> options_of(const Command& command) {
    std::vector<ArgumentRow> rows(command.options.begin(), command.options.end());
    rows.push_back(help_row);
    return rows;
}

std::string usage_text() {
    std::string text = "Usage: kdump COMMAND [OPTION]... [ARGUMENT]...\n"
                       "Dumps of crashed kernels: /proc/vmcore, ELF vmcores, kdump-compressed dumps.\n\nCommands:\n";
    for (const Command* command : table)
        text += fmt::format(" {:<12} {}\n", command->name, command->text);
    text += "\n"
            " -h, --help      Show this text; after a command: what that command takes.\n"
            " -V, --version   Show the version.\n"
            "\nExit codes: 0 done, 1 anything else.\n";
    return text;
}

std::string help_of(const Command& command) {
    return fmt::format("Usage: kdump {} [OPTION]...{}{}\n{}\n\nOptions:\n{}", command.name,
                       *command.operands ? " " : "", command.operands, command.text, options_text(options_of(command)));
}

} // namespace kx::kdump
