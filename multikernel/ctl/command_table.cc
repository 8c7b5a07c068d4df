// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/command_table.h"

namespace kx::ctl {
namespace {

constexpr const Command* table[] = {
    &check_command,        &pool_command,     &create_command, &update_command,  &delete_command, &list_command,
    &show_command,         &load_command,     &start_command,  &console_command, &halt_command,   &unload_command,
    &transactions_command, &rollback_command, &dump_command,   &plan_command,    &apply_command,  &revert_command,
};

constexpr ArgumentRow help_row = {"help", 'h', nullptr, "Show this text."};
constexpr ArgumentRow json_row = {"json", 0, nullptr, "Print one JSON document (doc/multikernelctl.md)."};
constexpr ArgumentRow machine_row = {"machine", 0, "DIR", "Read the machine that kexec --capture wrote to DIR."};
constexpr ArgumentRow dry_run_row = {"dry-run", 0, nullptr, "Check and print what would be done; no root needed."};

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
    if (command.effect == Effect::changes)
        rows.push_back(dry_run_row);
    if (command.effect == Effect::reads || command.effect == Effect::changes) {
        rows.push_back(json_row);
        rows.push_back(machine_row);
    }
    rows.push_back(help_row);
    return rows;
}

std::string usage_text() {
    std::string text = "Usage: multikernelctl COMMAND [OPTION]... [ARGUMENT]...\n"
                       "Kernels beside the running one: their share of the machine, and their lives.\n\nCommands:\n";
    for (const Command* command : table)
        text += fmt::format(" {:<12} {}\n", command->name, command->text);
    text += "\n"
            " -h, --help      Show this text; after a command: what that command takes.\n"
            " -V, --version   Show the version.\n"
            "\nExit codes: 0 done, 1 what was asked for cannot be meant, 2 (plan) something is to be done, 255 "
            "anything else.\n"
            "\nExamples:\n"
            "  multikernelctl pool 512M --cpus 2-3\n"
            "  multikernelctl create web --cpus 2 --memory 256M\n"
            "  multikernelctl load web /boot/vmlinuz --initrd=/boot/initrd.img\n"
            "  multikernelctl start web\n";
    return text;
}

std::string help_of(const Command& command) {
    std::string text = fmt::format("Usage: multikernelctl {}{}{}{}\n{}\n\nOptions:\n", command.name,
                                   command.effect == Effect::passes_on ? "" : " [OPTION]...",
                                   *command.operands ? " " : "", command.operands, command.text);
    return text + options_text(options_of(command));
}

} // namespace kx::ctl
