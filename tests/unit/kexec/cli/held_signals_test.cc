// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/held_signals.h"
#include "tests/unit/catch.h"

#include <csignal>

#include <unistd.h>

using namespace kx;

TEST_CASE("a signal that is ignored is not among those that are not") {
    std::signal(SIGHUP, SIG_IGN);
    const sigset_t set = not_ignored({SIGHUP, SIGTERM});
    std::signal(SIGHUP, SIG_DFL);
    CHECK_FALSE(sigismember(&set, SIGHUP));
    CHECK(sigismember(&set, SIGTERM));
}

TEST_CASE("a held signal waits to be read; one that was blocked may be left out") {
    sigset_t usr2, before;
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &usr2, &before);
    {
        const HeldSignals held(not_blocked(not_ignored({SIGUSR1, SIGUSR2})));
        REQUIRE(held);
        raise(SIGUSR1);
        raise(SIGUSR2);
        CHECK(held.waits(SIGUSR1));
        CHECK_FALSE(held.waits(SIGUSR2));
        CHECK(held.next() == SIGUSR1);
        CHECK(held.next() == 0);
        CHECK_FALSE(held.waits(SIGUSR1));
    }
    int number = 0;
    sigwait(&usr2, &number);
    CHECK(number == SIGUSR2);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}
