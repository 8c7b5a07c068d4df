// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/command_table.h"

namespace kx::kdump {
namespace {

constexpr const Command* commands[] = {
    &save_command,
    &info_command,
    &dmesg_command,
};

} // namespace

constinit const CommandTable<Session> command_table = {
    .program = program,
    .purpose = "Dumps of crashed kernels: /proc/vmcore, ELF vmcores, kdump-compressed dumps.",
    .ending = "Exit codes: 0 done, 1 anything else.\n",
    .commands = commands,
};

} // namespace kx::kdump
