// SPDX-License-Identifier: GPL-2.0-or-later
// The terminal of a user who is attached to a console: raw while that lasts, and as it was on every way out.
#pragma once

#include "kexec/core/file.h"
#include "kexec/core/result.h"

#include <optional>
#include <string>
#include <string_view>

#include <termios.h>

namespace kx::ctl {

// Raw until it goes out of scope. Does nothing to what is no terminal.
class RawTerminal {
public:
    explicit RawTerminal(int fd);
    ~RawTerminal();
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    void enter();
    void leave();

private:
    int fd_;
    bool raw_ = false;
    std::optional<termios> before_;
};

// SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGTSTP as something to read, so that none ends the process while its terminal
// is raw; but one that is ignored stays ignored. As before when it goes out of scope.
class HeldSignals {
public:
    HeldSignals();
    ~HeldSignals();
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;
    int fd() const { return file_.get(); }
    // The number of one that came; 0: none.
    int next() const;

private:
    sigset_t before_;
    FileDescriptor file_;
};

// What a user types, for the console: Ctrl-] then '.' is the end, Ctrl-] twice is one Ctrl-], and before anything else
// it is nothing special.
class EscapeReader {
public:
    // What of `typed` goes to the console. After the end, nothing does.
    std::string pass(std::string_view typed);
    bool ended() const { return ended_; }

private:
    bool escape_ = false;
    bool ended_ = false;
};

} // namespace kx::ctl
