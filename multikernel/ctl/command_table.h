// SPDX-License-Identifier: GPL-2.0-or-later
// All commands, in the order of the help. Parsing, --help and the check of the man page read this one table.
#pragma once

#include "multikernel/ctl/command.h"

namespace kx::ctl {

extern const Command check_command;
extern const Command pool_command;
extern const Command create_command;
extern const Command update_command;
extern const Command delete_command;
extern const Command list_command;
extern const Command show_command;
extern const Command load_command;
extern const Command start_command;
extern const Command halt_command;
extern const Command unload_command;
extern const Command transactions_command;
extern const Command rollback_command;
extern const Command dump_command;
extern const Command console_command;
extern const Command plan_command;
extern const Command apply_command;
extern const Command revert_command;

extern const CommandTable<Session> command_table;

} // namespace kx::ctl
