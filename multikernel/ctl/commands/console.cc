// SPDX-License-Identifier: GPL-2.0-or-later
// `console`, and `start` with the console attached before it.
#include "multikernel/ctl/command_table.h"
#include "multikernel/ctl/console_line.h"
#include "multikernel/ctl/start_wait.h"
#include "multikernel/instance/lifecycle.h"

#include <unistd.h>

namespace kx::ctl {
namespace {

constexpr ArgumentRow device_row = {"device", 0, "FILE", "A serial device that the other end of its line is wired to."};
constexpr ArgumentRow duration_row = {"timeout", 0, "SECONDS", "Detach after so long."};

Result<Deadline> deadline_of(const Arguments& arguments) {
    if (!arguments.given("timeout"))
        return Deadline{};
    return std::chrono::steady_clock::now() + KX_TRY(parse_wait(arguments)).patience;
}

Result<FileDescriptor> open_console(const Session& session, const InstanceView& instance) {
    const std::string* device = session.arguments.value("device");
    return device ? open_serial_device(*device) : console_of(session, instance);
}

// The exit code: as a shell has it for a signal.
Result<int> attached(const Session& session, const InstanceView& instance, const FileDescriptor& console) {
    session.notices.tell(); // before what the instance prints
    if (isatty(STDIN_FILENO))
        progress(fmt::format("attached to {}; Ctrl-] then . detaches", instance.shown()));
    std::fflush(session.out);
    const Detachment end =
        KX_TRY(relay(console.get(), STDIN_FILENO, fileno(session.out), KX_TRY(deadline_of(session.arguments))));
    if (isatty(STDIN_FILENO))
        progress(end.how == Detached::line_closed ? "\nthe console has ended" : "\ndetached");
    return end.how == Detached::by_signal ? 128 + end.signal : exit_done;
}

Result<int> run_console(Session& session) {
    const auto dialect = KX_TRY(require_dialect(session));
    const auto instance = KX_TRY(instance_called(session, dialect, session.arguments.operands()[0]));
    const auto console = KX_TRY(open_console(session, instance));
    return attached(session, instance, console);
}

Result<int> start_attached(Session& session, Change& change, const InstanceView& instance) {
    if (session.json)
        return fail(Errc::usage, "--console passes on what an instance prints: that is no JSON document");
    if (change.dry_run()) {
        KX_TRY(change.settled(start_instance(change.control(), instance)));
        return change.report("");
    }
    const auto console = KX_TRY(open_console(session, instance));
    KX_TRY(start_instance(change.control(), instance));
    change.unlock();
    return attached(session, instance, console);
}

Result<int> run_start(Session& session) {
    const Wait wait = KX_TRY(parse_wait(session.arguments));
    Change change = KX_TRY(Change::begin(session, "start"));
    const auto instance = KX_TRY(instance_called(session, change.dialect(), session.arguments.operands()[0]));
    if (session.arguments.given("console")) {
        if (wait.given())
            return fail(Errc::usage, "--console and --wait both read the console: give one of them");
        return start_attached(session, change, instance);
    }
    auto waiting = KX_TRY(StartWait::begin(change, instance, wait));
    KX_TRY(change.settled(start_instance(change.control(), instance)));
    change.unlock();
    KX_TRY(waiting.finish(change, instance));
    return change.report(fmt::format("{}: started on CPU {}", instance.shown(), text_of(instance.cpus)));
}

constexpr ArgumentRow console_rows[] = {device_row, duration_row};
constexpr ArgumentRow start_rows[] = {
    {"console", 0, nullptr, "Attach to its console before the start."}, device_row, wait_row, timeout_row, verbose_row};

} // namespace

constinit const Command console_command = {
    {"console", "NAME|ID", "Attach to the console of an instance; Ctrl-] then . detaches.", 1, 1, console_rows},
    run_console};
constinit const Command start_command = {
    {"start", "NAME|ID", "Start the kernel that is loaded.", 1, 1, start_rows, for_changing}, run_start};

} // namespace kx::ctl
