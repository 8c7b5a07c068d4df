// SPDX-License-Identifier: GPL-2.0-or-later
// All commands, in the order of the help. Parsing, --help and the check of the man page read this one table.
#pragma once

#include "kdump/program/command.h"

namespace kx::kdump {

extern const Command info_command;
extern const Command dmesg_command;
extern const Command save_command;

extern const CommandTable<Session> command_table;

} // namespace kx::kdump
