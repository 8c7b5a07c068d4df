// SPDX-License-Identifier: GPL-2.0-or-later
// SIGINT, SIGTERM, SIGHUP and SIGQUIT as a wish to stop, which a program that writes a dump meets in order, but soon.
#pragma once

#include "kexec/core/file.h"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include <signal.h>

namespace kx::kdump {

// While it lives, none of the four ends the process; all threads that start then are like that. One that was ignored or
// blocked when the program was started stays so. Afterwards all is as it was before, and one that came is forgotten:
// what became of the work was told.
class StopSignals {
public:
    // From the first signal on.
    static constexpr std::chrono::milliseconds patience{800};

    // When patience is over and the object is still there, the process is held up by something: a thread of this object
    // asks for `last_words`, prints them as a message of `program`, and ends the process with exit_failure.
    StopSignals(std::string_view program, std::function<std::string(std::string_view signal)> last_words);
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    // The name of one that came, as "SIGTERM"; empty: none. It is seen at once, not when a thread has noticed it.
    std::string come() const;

private:
    void watch();
    void end_process() const;

    std::string program_;
    std::function<std::string(std::string_view)> last_words_;
    sigset_t before_, held_;
    FileDescriptor signals_; // signalfd; nobody reads it before the end: a signal that came stays pending
    FileDescriptor done_;    // eventfd
    std::thread watcher_;
};

} // namespace kx::kdump
