// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/console_line.h"

#include "kexec/cli/held_signals.h"
#include "kexec/core/terminal_text.h"
#include "multikernel/ctl/terminal.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kx::ctl {
namespace {

using Clock = std::chrono::steady_clock;

// A driver may never wake poll(2), so the console is read at least this often.
constexpr std::chrono::milliseconds look_again(100);
// A driver may always say that it can be read.
constexpr std::chrono::milliseconds pause(10);
constexpr std::size_t line_limit = 4096;

Errc code_of(int error) {
    return error == EACCES || error == EPERM ? Errc::denied : error == ENOENT ? Errc::not_found : Errc::io;
}

bool is_device(int fd) {
    struct stat status {};
    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode);
}

enum class Came { text, nothing, end };

// Reads what the console has now. A device that gives 0 bytes has nothing at the moment; one that fails has ended.
Came read_now(int fd, std::string& text) {
    std::array<char, 4096> block;
    const ssize_t got = read(fd, block.data(), block.size());
    if (got > 0) {
        text.assign(block.data(), static_cast<std::size_t>(got));
        return Came::text;
    }
    if (got == 0)
        return is_device(fd) ? Came::nothing : Came::end;
    return errno == EAGAIN || errno == EINTR ? Came::nothing : Came::end;
}

Result<> write_all(int fd, std::string_view text, std::string_view what) {
    while (!text.empty()) {
        const ssize_t written = write(fd, text.data(), text.size());
        if (written > 0) {
            text.remove_prefix(static_cast<std::size_t>(written));
        } else if (written < 0 && errno == EAGAIN) {
            pollfd room{fd, POLLOUT, 0};
            if (poll(&room, 1, 1000) == 0)
                return fail(Errc::io, "{} takes nothing more", what);
        } else if (written == 0 || errno != EINTR) {
            return fail(Errc::io, "{}: {}", what, std::strerror(errno));
        }
    }
    return {};
}

int milliseconds_to(const Deadline& deadline) {
    auto left = look_again;
    if (deadline)
        left = std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(*deadline - Clock::now()),
                          std::chrono::milliseconds(0), look_again);
    return static_cast<int>(left.count());
}

bool passed(const Deadline& deadline) {
    return deadline && Clock::now() >= *deadline;
}

// Where poll says again and again that there is something to read, and nothing is there, the loop must not use up a
// CPU.
void rest(Came came, short revents) {
    if (came == Came::nothing && revents != 0)
        poll(nullptr, 0, static_cast<int>(pause.count()));
}

Result<FileDescriptor> open_device(const std::string& path) {
    FileDescriptor file(open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (!file)
        return fail(code_of(errno), "{}: {}", path, std::strerror(errno));
    return file;
}

// Shows what an instance prints on a terminal that is not attached to its console: line by line, and escaped.
class Shown {
public:
    explicit Shown(int output) : output_(output) {}

    Result<> add(std::string_view text) {
        if (output_ < 0)
            return {};
        pending_ += text;
        const std::size_t end = pending_.size() > line_limit ? pending_.size() : pending_.rfind('\n') + 1;
        return print(end);
    }
    Result<> finish() { return print(pending_.size()); }

private:
    Result<> print(std::size_t size) {
        std::string text = pending_.substr(0, size);
        pending_.erase(0, size);
        std::erase(text, '\r');
        return write_all(output_, printable_lines(text), "standard error");
    }

    int output_;
    std::string pending_;
};

class Relay {
public:
    Relay(int console, int input, int output, const Deadline& deadline)
        : console_(console), input_(input), output_(output), deadline_(deadline), terminal_(input) {}

    Result<Detachment> run() {
        while (true) {
            std::array<pollfd, 3> waiting{{{console_, POLLIN, 0}, {input_, POLLIN, 0}, {signals_.fd(), POLLIN, 0}}};
            poll(waiting.data(), waiting.size(), milliseconds_to(deadline_));
            if (const int number = signals_.next(); number == SIGTSTP)
                stop();
            else if (number != 0)
                return Detachment{Detached::by_signal, number};
            std::string text;
            const Came came = read_now(console_, text);
            if (came == Came::text)
                KX_TRY(write_all(output_, text, "standard output"));
            if (came == Came::end)
                return Detachment{Detached::line_closed};
            if (waiting[1].revents != 0)
                KX_TRY(pass_typed());
            if (keys_.ended())
                return Detachment{Detached::by_user};
            if (passed(deadline_))
                return Detachment{Detached::in_time};
            rest(came, waiting[0].revents);
        }
    }

private:
    Result<> pass_typed() {
        std::array<char, 1024> block;
        const ssize_t got = read(input_, block.data(), block.size());
        if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
            input_ = -1; // its end; poll leaves it out
        if (got <= 0)
            return {};
        const std::string_view typed(block.data(), static_cast<std::size_t>(got));
        // Ctrl-] is for people: in a pipe it is data.
        return write_all(console_, isatty(input_) ? keys_.pass(typed) : std::string(typed), "the console");
    }

    void stop() {
        terminal_.leave();
        raise(SIGSTOP);
        terminal_.enter();
    }

    int console_, input_, output_;
    Deadline deadline_;
    // Held before the terminal is raw, and until it is so no more: none of them ends the process in between.
    HeldSignals signals_{not_ignored({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP})};
    RawTerminal terminal_;
    EscapeReader keys_;
};

} // namespace

Result<FileDescriptor> open_mktty(const std::string& root, std::uint32_t id) {
    const std::string path = root + (root.ends_with('/') ? "dev/mktty" : "/dev/mktty");
    auto file = open_device(path);
    if (!file && file.error().code == Errc::not_found)
        return fail(Errc::unsupported, "{} is not there: this kernel was built without consoles for instances", path);
    FileDescriptor console = KX_TRY(std::move(file));
    KX_TRY(write_all(console.get(), fmt::format("{}\n", id), path));
    return console;
}

Result<FileDescriptor> open_serial_device(const std::string& path) {
    FileDescriptor file = KX_TRY(open_device(path));
    termios line{};
    if (tcgetattr(file.get(), &line) != 0)
        return fail(Errc::io, "{} is no serial device: {}", path, std::strerror(errno));
    cfmakeraw(&line);
    cfsetspeed(&line, B115200);
    line.c_cflag |= CLOCAL | CREAD;
    if (tcsetattr(file.get(), TCSANOW, &line) != 0)
        return fail(Errc::io, "{}: 115200 baud cannot be set: {}", path, std::strerror(errno));
    return file;
}

Result<Detachment> relay(int console, int input, int output, Deadline deadline) {
    return Relay(console, input, output, deadline).run();
}

Result<ConsolePattern> ConsolePattern::compile(const std::string& expression) {
    ConsolePattern pattern;
    std::unique_ptr<regex_t> compiled = std::make_unique<regex_t>();
    if (const int error = regcomp(compiled.get(), expression.c_str(), REG_EXTENDED | REG_NOSUB)) {
        std::array<char, 256> text{};
        regerror(error, compiled.get(), text.data(), text.size());
        return fail(Errc::usage, "\"{}\" is no extended regular expression: {}", expression, text.data());
    }
    pattern.compiled_.reset(compiled.release());
    return pattern;
}

bool ConsolePattern::feed(std::string_view printed) {
    const auto matches = [this] { return regexec(compiled_.get(), line_.c_str(), 0, nullptr, 0) == 0; };
    for (const char c : printed) {
        if (c == '\n' || line_.size() == line_limit) {
            if (matches())
                return true;
            line_.clear();
        }
        if (c != '\n' && c != '\0' && c != '\r')
            line_ += c;
    }
    return matches();
}

Result<> wait_for_pattern(int console, ConsolePattern& pattern, int output, Deadline deadline) {
    std::string last;
    Shown shown(output);
    while (true) {
        pollfd waiting{console, POLLIN, 0};
        poll(&waiting, 1, milliseconds_to(deadline));
        std::string text;
        const Came came = read_now(console, text);
        if (came == Came::text) {
            KX_TRY(shown.add(text));
            last = (last + text).substr(last.size() + text.size() > 200 ? last.size() + text.size() - 200 : 0);
            if (pattern.feed(text))
                return shown.finish();
        }
        if (came == Came::end || passed(deadline)) {
            KX_TRY(shown.finish());
            while (last.ends_with('\n') || last.ends_with('\r'))
                last.pop_back();
            const std::size_t line = last.rfind('\n');
            return fail(
                Errc::io, "its console {} before what was waited for was printed{}{}",
                came == Came::end ? "ended" : "was read until the time was over,",
                last.empty() ? "; nothing was" : "; the last line: ", line == last.npos ? last : last.substr(line + 1));
        }
        rest(came, waiting.revents);
    }
}

} // namespace kx::ctl
