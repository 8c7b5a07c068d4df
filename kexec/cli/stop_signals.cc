// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/stop_signals.h"

#include "kdump/program/command.h"
#include "kexec/cli/standard_files.h"
#include "kexec/core/terminal_text.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace kx::kdump {
namespace {

using Clock = std::chrono::steady_clock;

sigset_t signals_to_hold(const sigset_t& blocked_before) {
    sigset_t held = not_ignored({SIGINT, SIGTERM, SIGHUP, SIGQUIT});
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
        if (sigismember(&blocked_before, number))
            sigdelset(&held, number);
    }
    return held;
}

int next_signal(int signals) {
    signalfd_siginfo info{};
    return read(signals, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
}

// Milliseconds for poll; -1: for ever.
int until(const std::optional<Clock::time_point>& deadline) {
    if (!deadline)
        return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
    return std::max(static_cast<int>(left.count()), 0);
}

} // namespace

StopSignals::StopSignals(std::string_view program, std::function<std::string(std::string_view)> last_words)
    : program_(program), last_words_(std::move(last_words)) {
    pthread_sigmask(SIG_BLOCK, nullptr, &before_);
    held_ = signals_to_hold(before_);
    signals_ = FileDescriptor(signalfd(-1, &held_, SFD_CLOEXEC | SFD_NONBLOCK));
    done_ = FileDescriptor(eventfd(0, EFD_CLOEXEC));
    if (signals_ && done_) {
        pthread_sigmask(SIG_BLOCK, &held_, nullptr);
        try {
            watcher_ = std::thread([this] { watch(); });
            return;
        } catch (const std::system_error&) { // no thread to be had
        }
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr); // the signals end the process, as without this
    sigemptyset(&held_);
}

StopSignals::~StopSignals() {
    if (!watcher_.joinable())
        return;
    eventfd_write(done_.get(), 1);
    watcher_.join();
    while (next_signal(signals_.get())) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::string StopSignals::come() const {
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
        if (sigismember(&held_, number) && sigismember(&pending, number))
            return fmt::format("SIG{}", sigabbrev_np(number));
    }
    return {};
}

void StopSignals::watch() {
    std::optional<Clock::time_point> deadline;
    while (!deadline || Clock::now() < *deadline) {
        pollfd events[] = {{done_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
        poll(events, deadline ? 1 : 2, until(deadline));
        if (events[0].revents)
            return;
        if (!deadline && events[1].revents)
            deadline = Clock::now() + patience;
    }
    end_process();
}

// The main thread may be in the middle of printing, and standard error may be what holds it up.
void StopSignals::end_process() const {
    const std::string text = fmt::format("{}: {}\n", program_, printable(last_words_(come())));
    pollfd err{STDERR_FILENO, POLLOUT, 0};
    if (poll(&err, 1, 100) == 1 && (err.revents & POLLOUT)) [[maybe_unused]]
        const ssize_t told = write(STDERR_FILENO, text.data(), text.size());
    _exit(exit_failure);
}

} // namespace kx::kdump
