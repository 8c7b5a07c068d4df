// SPDX-License-Identifier: GPL-2.0-or-later
// All commands, in the order of the help. Parsing, --help and the check of the man page read this one table.
#pragma once

#include "kdump/program/command.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx::kdump {

extern const Command info_command;
extern const Command dmesg_command;
extern const Command save_command;

std::span<const Command* const> command_table();
const Command* find_command(std::string_view name);

// Its own options and --help.
std::vector<ArgumentRow> options_of(const Command& command);

std::string usage_text();
std::string help_of(const Command& command);

} // namespace kx::kdump
