// SPDX-License-Identifier: GPL-2.0-or-later
// SIGINT, SIGTERM, SIGHUP and SIGQUIT as a wish to stop, for a program that first brings what it writes to a good end.
#pragma once

#include "kexec/cli/held_signals.h"
#include "kexec/cli/program.h"
#include "kexec/core/file.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace kx {

// While it lives, none of the four ends the process. One that was ignored or blocked before stays so. The destructor
// forgets one that came: the program has told by then what became of its work.
class StopSignals {
public:
    // How long the program has from the first signal on. If the object still exists then, something holds the program
    // up: a thread of this object asks for `last_words`, prints them as a message of `program`, and ends the process
    // with the program's failure_code.
    static constexpr std::chrono::milliseconds patience{800};

    StopSignals(const Program& program, std::function<std::string(std::string_view signal)> last_words);
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    // The name of one that came, as "SIGTERM"; empty: none. Asks the kernel, so it need not wait for the thread.
    std::string come() const;

private:
    void watch();
    void end_process() const;

    Program program_;
    std::function<std::string(std::string_view)> last_words_;
    std::optional<HeldSignals> signals_; // nobody reads them before the end: one that came stays pending
    FileDescriptor done_;                // eventfd
    std::thread watcher_;
};

} // namespace kx
