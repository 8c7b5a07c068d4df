// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/held_signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

namespace kx {

sigset_t not_ignored(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : signals) {
        struct sigaction now {};
        if (sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(&set, number);
    }
    return set;
}

sigset_t not_blocked(sigset_t signals) {
    sigset_t blocked;
    sigemptyset(&blocked);
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    for (int number = 1; number < NSIG; ++number) {
        if (sigismember(&blocked, number) == 1)
            sigdelset(&signals, number);
    }
    return signals;
}

HeldSignals::HeldSignals(sigset_t signals) : held_(signals) {
    pthread_sigmask(SIG_BLOCK, nullptr, &before_);
    file_ = FileDescriptor(signalfd(-1, &held_, SFD_CLOEXEC | SFD_NONBLOCK));
    if (file_)
        pthread_sigmask(SIG_BLOCK, &held_, nullptr);
    else
        sigemptyset(&held_);
}

HeldSignals::~HeldSignals() {
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

int HeldSignals::next() const {
    signalfd_siginfo came{};
    return read(file_.get(), &came, sizeof came) == sizeof came ? static_cast<int>(came.ssi_signo) : 0;
}

bool HeldSignals::waits(int number) const {
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    return sigismember(&held_, number) && sigismember(&pending, number);
}

} // namespace kx
