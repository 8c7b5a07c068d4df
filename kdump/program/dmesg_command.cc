// SPDX-License-Identifier: GPL-2.0-or-later
// `kdump dmesg`: the crashed kernel's log, as vmcore-dmesg prints it.
#include "kdump/program/dmesg_command.h"

#include "kdump/program/command_table.h"

namespace kx::kdump {
namespace {

constexpr ArgumentRow rows[] = {
    {"json", 0, nullptr, "A JSON object a record, each on a line of its own (vmcore-dmesg(8))."},
    {"show-caller", 0, nullptr, "Behind the time: the task (T1) or CPU (C0) that a record is from."},
};

Result<int> run(Session& session) {
    KX_TRY(print_log(session.arguments.operands()[0], log_format(session.arguments), session.out, session.notices));
    return exit_done;
}

} // namespace

std::span<const ArgumentRow> log_rows() {
    return rows;
}

LogFormat log_format(const Arguments& arguments) {
    return {.json = arguments.given("json"), .callers = arguments.given("show-caller")};
}

constinit const Command dmesg_command = {{"dmesg", "FILE|-", "Print the log of the kernel that crashed.", 1, 1, rows},
                                         run};

} // namespace kx::kdump
