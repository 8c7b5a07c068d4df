// SPDX-License-Identifier: GPL-2.0-or-later
// Signals that wait to be read in place of ending the process.
#pragma once

#include "kexec/core/file.h"

#include <initializer_list>

#include <signal.h>

namespace kx {

// Those of these signals that were not ignored when the program was started, as nohup and a job in the background have
// it. To block an ignored one would keep it for later instead.
sigset_t not_ignored(std::initializer_list<int> signals);
// Those of these signals that are not blocked now.
sigset_t not_blocked(sigset_t signals);

// While it lives, these signals are blocked and can be read; all threads that start then have them blocked, too.
// Afterwards all is as it was before: a signal that nobody read does then what it would have done.
class HeldSignals {
public:
    explicit HeldSignals(sigset_t signals);
    ~HeldSignals();
    HeldSignals(const HeldSignals&) = delete;
    HeldSignals& operator=(const HeldSignals&) = delete;

    // False: nothing is held, since there is no descriptor left.
    explicit operator bool() const { return static_cast<bool>(file_); }
    int fd() const { return file_.get(); } // for poll
    // Takes one that came: its number; 0: none.
    int next() const;
    // Whether this one is held and came, and was not read.
    bool waits(int number) const;

private:
    sigset_t before_;
    sigset_t held_;
    FileDescriptor file_;
};

} // namespace kx
