// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/terminal.h"

#include <unistd.h>

namespace kx::ctl {
namespace {

constexpr char escape_key = 0x1d; // Ctrl-]

} // namespace

RawTerminal::RawTerminal(int fd) : fd_(fd) {
    termios now{};
    if (isatty(fd) && tcgetattr(fd, &now) == 0)
        before_ = now;
    enter();
}

RawTerminal::~RawTerminal() {
    leave();
}

void RawTerminal::enter() {
    if (!before_ || raw_)
        return;
    termios raw = *before_;
    cfmakeraw(&raw);
    raw_ = tcsetattr(fd_, TCSADRAIN, &raw) == 0;
}

void RawTerminal::leave() {
    if (raw_)
        tcsetattr(fd_, TCSADRAIN, &*before_);
    raw_ = false;
}

std::string EscapeReader::pass(std::string_view typed) {
    std::string passed;
    for (const char c : typed) {
        if (ended_)
            break;
        if (!escape_ && c == escape_key) {
            escape_ = true;
            continue;
        }
        if (escape_ && c == '.') {
            ended_ = true;
            continue;
        }
        if (escape_ && c != escape_key)
            passed += escape_key;
        passed += c;
        escape_ = false;
    }
    return passed;
}

} // namespace kx::ctl
