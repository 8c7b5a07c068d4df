// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/stop_signals.h"

#include "kexec/core/terminal_text.h"

#include <algorithm>
#include <cstring>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace kx {
namespace {

using Clock = std::chrono::steady_clock;

// Milliseconds for poll; -1: for ever.
int until(const std::optional<Clock::time_point>& deadline) {
    if (!deadline)
        return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
    return std::max(static_cast<int>(left.count()), 0);
}

} // namespace

StopSignals::StopSignals(const Program& program, std::function<std::string(std::string_view)> last_words)
    : program_(program), last_words_(std::move(last_words)) {
    signals_.emplace(not_blocked(not_ignored({SIGINT, SIGTERM, SIGHUP, SIGQUIT})));
    done_ = FileDescriptor(eventfd(0, EFD_CLOEXEC));
    if (*signals_ && done_) {
        try {
            watcher_ = std::thread([this] { watch(); });
            return;
        } catch (const std::system_error&) { // no thread to be had
        }
    }
    signals_.reset(); // the signals end the process, as without this
}

StopSignals::~StopSignals() {
    if (!watcher_.joinable())
        return;
    eventfd_write(done_.get(), 1);
    watcher_.join();
    while (signals_->next()) {
    }
}

std::string StopSignals::come() const {
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
        if (signals_ && signals_->waits(number))
            return fmt::format("SIG{}", sigabbrev_np(number));
    }
    return {};
}

void StopSignals::watch() {
    std::optional<Clock::time_point> deadline;
    while (!deadline || Clock::now() < *deadline) {
        pollfd events[] = {{done_.get(), POLLIN, 0}, {signals_->fd(), POLLIN, 0}};
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
    const std::string text = fmt::format("{}: {}\n", program_.name, printable(last_words_(come())));
    pollfd err{STDERR_FILENO, POLLOUT, 0};
    if (poll(&err, 1, 100) == 1 && (err.revents & POLLOUT)) [[maybe_unused]]
        const ssize_t told = write(STDERR_FILENO, text.data(), text.size());
    _exit(program_.failure_code);
}

} // namespace kx
