// SPDX-License-Identifier: GPL-2.0-or-later
// `kdump info`: which kernel crashed, when and why, and what of its memory the dump has.
#include "kdump/program/command_table.h"
#include "kdump/program/dump_summary.h"

namespace kx::kdump {
namespace {

constexpr ArgumentRow rows[] = {
    {"json", 0, nullptr, "One JSON document (kdump(8))."},
};

Result<int> run(Session& session) {
    const Dump dump = KX_TRY(Dump::open(session.arguments.operands()[0]));
    if (dump.is_read_from(fileno(session.out)))
        return fail(Errc::usage, "{}: standard output is the dump itself", dump.path());
    const DumpSummary summary = summarize(dump, session.notices);
    print(session.out, "{}", session.arguments.given("json") ? json_of(summary) : text_of(summary));
    return exit_done;
}

} // namespace

constinit const Command info_command = {
    {"info", "FILE|-", "Tell which kernel crashed, when and why, and what the dump has.", 1, 1, rows}, run};

} // namespace kx::kdump
