// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/panic_message.h"
#include "tests/unit/catch.h"

using namespace kx;
using namespace kx::kdump;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

struct Line {
    std::uint64_t nanoseconds;
    std::string_view text;
};

PanicMessage message_of(std::initializer_list<Line> lines) {
    PanicMessage message;
    for (const Line& line : lines) {
        LogRecord record;
        record.nanoseconds = line.nanoseconds;
        record.text = line.text;
        message.look_at(record);
    }
    return message;
}

} // namespace

TEST_CASE("a crash that was asked for", "[log]") {
    const auto message = message_of({{0, "Linux version 6.1.0"},
                                     {5 * second, "sysrq: Trigger a crash"},
                                     {5 * second, "Kernel panic - not syncing: sysrq triggered crash"},
                                     {5 * second + 7, "CPU: 1 PID: 234 Comm: my shell Kdump: loaded Not tainted 6.1.0"},
                                     {5 * second + 8, "CPU: 9 PID: 9 Comm: other Not tainted 6.1.0"}});
    CHECK(message.panic() == "Kernel panic - not syncing: sysrq triggered crash");
    CHECK(message.cause() == "sysrq: Trigger a crash");
    CHECK(message.task() == CrashedTask{1, 234, "my shell"});
    CHECK(message.uptime() == 5 * second + 8);
}

TEST_CASE("an oops that starts the crash kernel before there is a panic", "[log]") {
    const auto message = message_of({{7 * second, "BUG: kernel NULL pointer dereference, address: 0000000000000000"},
                                     {7 * second, "#PF: supervisor write access in kernel mode"},
                                     {7 * second, "Oops: 0002 [#1] PREEMPT SMP NOPTI"},
                                     {7 * second, "CPU: 0 UID: 0 PID: 1 Comm: init Tainted: G OE 6.12"}});
    CHECK(message.panic().empty());
    CHECK(message.cause() == "BUG: kernel NULL pointer dereference, address: 0000000000000000");
    CHECK(message.task() == CrashedTask{0, 1, "init"});
}

TEST_CASE("of two faults the last one is told, by the line that says most", "[log]") {
    const auto message = message_of({{3 * second, "BUG: soft lockup - CPU#0 stuck for 22s!"},
                                     {90 * second, "Oops: general protection fault, 0000 [#1]"},
                                     {90 * second, "general protection fault, probably for non-canonical address"},
                                     {90 * second, "BUG: later, as bad"}});
    CHECK(message.cause() == "general protection fault, probably for non-canonical address");
    CHECK(message_of({{0, "all is well"}, {1, "not a BUG: here"}}).cause().empty());
    CHECK_FALSE(message_of({}).uptime());
}

TEST_CASE("lines about a task that lack something tell of none", "[log]") {
    for (const std::string_view line : {"CPU: x PID: 1 Comm: a", "CPU: 1 PID: Comm: a", "CPU: 1", "PID: 1 Comm: a",
                                        "CPU: 99999999999 PID: 1 Comm: a Not tainted"})
        CHECK_FALSE(message_of({{0, "Kernel panic - not syncing: x"}, {1, line}}).task());
    CHECK(message_of({{0, "Kernel panic - not syncing: x"}, {1, "CPU: 1 PID: 2"}}).task() == CrashedTask{1, 2, ""});
}
