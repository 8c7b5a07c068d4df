// SPDX-License-Identifier: GPL-2.0-or-later
// The terminal of a user who is attached to a console. It is raw while the user is attached, and gets its old settings
// back however that ends.
#pragma once

#include "kexec/core/result.h"

#include <optional>
#include <string>
#include <string_view>

#include <termios.h>

namespace kx::ctl {

// Makes a terminal raw until the object ends. Leaves alone what is no terminal.
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

// Reads the escape key out of what a user types for the console: Ctrl-] and '.' detaches, Ctrl-] twice sends one
// Ctrl-], and Ctrl-] before any other key is sent as it is.
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
