// SPDX-License-Identifier: GPL-2.0-or-later
// `halt` and `unload`: the life of an instance that has its kernel. `start` is in console.cc.
#include "multikernel/ctl/change.h"
#include "multikernel/ctl/command_table.h"
#include "multikernel/instance/lifecycle.h"

namespace kx::ctl {
namespace {

constexpr ArgumentRow halt_rows[] = {
    {"force", 'f', nullptr, "Do not ask its kernel: like pulling the plug (always so on a stock kernel)."},
};

Result<int> halt(Session& session) {
    const Change change = KX_TRY(Change::begin(session, "halt"));
    const auto instance = KX_TRY(instance_called(session, change.dialect(), session.arguments.operands()[0]));
    const bool force = session.arguments.given("force") || change.dialect() == MultikernelDialect::module;
    if (!force && instance.active() && !change.dry_run())
        progress(fmt::format("{}: waiting for its kernel to stop, up to 30 s", instance.shown()));
    KX_TRY(change.settled(halt_instance(change.control(), instance, force)));
    const bool known = !force || change.dialect() == MultikernelDialect::module;
    return change.report(fmt::format("{}: {}{}", instance.shown(), known ? "stopped" : "halted by force",
                                     force ? ", without being asked" : ""));
}

Result<int> unload(Session& session) {
    const Change change = KX_TRY(Change::begin(session, "unload"));
    const auto instance = KX_TRY(instance_called(session, change.dialect(), session.arguments.operands()[0]));
    KX_TRY(change.settled(unload_instance(change.control(), instance)));
    return change.report(fmt::format("{}: its kernel was dropped", instance.shown()));
}

} // namespace

constinit const Command halt_command = {
    {"halt", "NAME|ID", "Stop an instance: it is asked, and waited for.", 1, 1, halt_rows, for_changing}, halt};
constinit const Command unload_command = {
    {"unload", "NAME|ID", "Drop the kernel of an instance that does not run.", 1, 1, {}, for_changing}, unload};

} // namespace kx::ctl
