// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/console_line.h"
#include "multikernel/ctl/terminal.h"
#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

#include <csignal>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace kx;
using namespace kx::ctl;
using namespace std::chrono_literals;

namespace {

struct Pair {
    FileDescriptor ours, theirs;
};

// Stands for the console, and for what the user's program has as input and output.
Pair sockets() {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// `theirs` is the terminal.
Pair terminal() {
    int master = -1, slave = -1;
    REQUIRE(openpty(&master, &slave, nullptr, nullptr, nullptr) == 0);
    return {FileDescriptor(master), FileDescriptor(slave)};
}

void send(const FileDescriptor& file, std::string_view text) {
    REQUIRE(write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

std::string received(const FileDescriptor& file, std::size_t size) {
    std::string text;
    while (text.size() < size) {
        pollfd waiting{file.get(), POLLIN, 0};
        char block[256];
        if (poll(&waiting, 1, 5000) != 1)
            break;
        const ssize_t got = read(file.get(), block, sizeof block);
        if (got <= 0)
            break;
        text.append(block, static_cast<std::size_t>(got));
    }
    return text;
}

Deadline in(std::chrono::milliseconds time) {
    return std::chrono::steady_clock::now() + time;
}

bool is_raw(const FileDescriptor& file) {
    termios now{};
    REQUIRE(tcgetattr(file.get(), &now) == 0);
    return !(now.c_lflag & ICANON);
}

} // namespace

TEST_CASE("console: the escape is Ctrl-] and a dot") {
    EscapeReader keys;
    CHECK(keys.pass("ls\r") == "ls\r");
    CHECK(keys.pass("\x1d") == "");
    CHECK(keys.pass("x") == "\x1dx");
    CHECK(keys.pass("\x1d\x1d") == "\x1d");
    CHECK(keys.pass(".") == ".");
    CHECK_FALSE(keys.ended());
    CHECK(keys.pass("a\x1d.b") == "a");
    CHECK(keys.ended());
    CHECK(keys.pass("more") == "");
}

TEST_CASE("console: a terminal is raw while attached and as before afterwards") {
    const Pair console = sockets(), user = terminal(), screen = sockets();
    const Detachment* end = nullptr;
    Result<Detachment> result = Detachment{};
    std::thread attached([&] { result = relay(console.ours.get(), user.theirs.get(), screen.theirs.get(), in(20s)); });
    send(console.theirs, "login: ");
    CHECK(received(screen.ours, 7) == "login: ");
    CHECK(is_raw(user.theirs));
    send(user.ours, "root\r\x03");
    CHECK(received(console.theirs, 6) == "root\r\x03"); // Ctrl-C is the instance's
    send(user.ours, "\x1d.");
    attached.join();
    REQUIRE(result);
    end = &*result;
    CHECK(end->how == Detached::by_user);
    CHECK_FALSE(is_raw(user.theirs));
}

TEST_CASE("console: the terminal is restored when the console ends, and at a signal") {
    Pair console = sockets();
    const Pair user = terminal(), screen = sockets();
    console.theirs = FileDescriptor();
    const auto ended = relay(console.ours.get(), user.theirs.get(), screen.theirs.get(), in(20s));
    REQUIRE(ended);
    CHECK(ended->how == Detached::line_closed);
    CHECK_FALSE(is_raw(user.theirs));

    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
        const Pair other = sockets();
        sigset_t held, before;
        sigemptyset(&held);
        sigaddset(&held, number);
        sigprocmask(SIG_BLOCK, &held, &before);
        raise(number); // waits until the relay looks
        const auto signalled = relay(other.ours.get(), user.theirs.get(), screen.theirs.get(), in(20s));
        sigprocmask(SIG_SETMASK, &before, nullptr);
        REQUIRE(signalled);
        CHECK(signalled->how == Detached::by_signal);
        CHECK(signalled->signal == number);
        CHECK_FALSE(is_raw(user.theirs));
    }
}

TEST_CASE("console: without a terminal, until the time is over; Ctrl-] is data there") {
    const Pair console = sockets(), screen = sockets();
    Pair input = sockets();
    send(input.ours, "one\x1d.");
    input.ours = FileDescriptor(); // the end of what is typed is not the end
    send(console.theirs, "output");
    const auto end = relay(console.ours.get(), input.theirs.get(), screen.theirs.get(), in(300ms));
    REQUIRE(end);
    CHECK(end->how == Detached::in_time);
    CHECK(received(console.theirs, 5) == "one\x1d.");
    CHECK(received(screen.ours, 6) == "output");
}

TEST_CASE("console: mktty is told the id first") {
    test::TemporaryFolder folder;
    REQUIRE(mkdir((folder.path.string() + "/dev").c_str(), 0700) == 0);
    REQUIRE_FALSE(open_mktty(folder.path.string(), 7));
    CHECK(open_mktty(folder.path.string(), 7).error().code == Errc::unsupported);
    const std::string path = folder.path.string() + "/dev/mktty";
    REQUIRE(mkfifo(path.c_str(), 0600) == 0);
    const FileDescriptor other(open(path.c_str(), O_RDWR | O_NONBLOCK));
    REQUIRE(open_mktty(folder.path.string(), 511));
    CHECK(received(other, 4) == "511\n");
}

TEST_CASE("console: a serial device is raw at 115200, and a file is none") {
    const Pair line = terminal();
    const auto opened = open_serial_device(ttyname(line.theirs.get()));
    REQUIRE(opened);
    termios now{};
    REQUIRE(tcgetattr(opened->get(), &now) == 0);
    CHECK(cfgetospeed(&now) == B115200);
    CHECK_FALSE(now.c_lflag & ECHO);
    CHECK_FALSE(open_serial_device("/dev/null"));
    CHECK(open_serial_device("/dev/no-such-line").error().code == Errc::not_found);
}

TEST_CASE("console patterns: line by line, and before a line is whole") {
    auto pattern = ConsolePattern::compile("^(login|ready) ?[0-9]*:");
    REQUIRE(pattern);
    CHECK_FALSE(pattern->feed("no login:\n"));
    CHECK_FALSE(pattern->feed("rea"));
    CHECK(pattern->feed("dy 12: "));
    auto whole = ConsolePattern::compile("^up$");
    CHECK_FALSE(whole->feed("up and"));
    CHECK_FALSE(whole->feed("\r\nu"));
    CHECK(whole->feed(std::string_view("p\0\r\n", 4)));
    CHECK_FALSE(ConsolePattern::compile("(").has_value());
    CHECK(ConsolePattern::compile("(").error().code == Errc::usage);
}

TEST_CASE("console patterns: waiting, and what was last printed when it was in vain") {
    Pair console = sockets();
    auto pattern = ConsolePattern::compile("ready");
    send(console.theirs, "boot\nready to go\n");
    CHECK(wait_for_pattern(console.ours.get(), *pattern, -1, in(20s)));

    auto other = ConsolePattern::compile("never");
    const Pair screen = sockets();
    send(console.theirs, "one\ntwo\n");
    const auto late = wait_for_pattern(console.ours.get(), *other, screen.theirs.get(), in(300ms));
    REQUIRE_FALSE(late);
    CHECK(late.error().message.ends_with("the last line: two"));
    CHECK(received(screen.ours, 8) == "one\ntwo\n");
    console.theirs = FileDescriptor();
    CHECK(wait_for_pattern(console.ours.get(), *other, -1, in(20s)).error().message.find("ended") != std::string::npos);
}
