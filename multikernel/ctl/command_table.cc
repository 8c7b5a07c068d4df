// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/command_table.h"

namespace kx::ctl {
namespace {

constexpr const Command* commands[] = {
    &check_command,        &pool_command,     &create_command, &update_command,  &delete_command, &list_command,
    &show_command,         &load_command,     &start_command,  &console_command, &halt_command,   &unload_command,
    &transactions_command, &rollback_command, &dump_command,   &plan_command,    &apply_command,  &revert_command,
};

} // namespace

constinit const CommandTable<Session> command_table = {
    .program = program,
    .purpose = "Kernels beside the running one: their share of the machine, and their lives.",
    .ending = "Exit codes: 0 done, 1 what was asked for cannot be meant, 2 (plan) something is to be done, 255 "
              "anything else.\n"
              "\nExamples:\n"
              "  multikernelctl pool 512M --cpus 2-3\n"
              "  multikernelctl create web --cpus 2 --memory 256M\n"
              "  multikernelctl load web /boot/vmlinuz --initrd=/boot/initrd.img\n"
              "  multikernelctl start web\n",
    .commands = commands,
};

} // namespace kx::ctl
