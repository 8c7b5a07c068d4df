// SPDX-License-Identifier: GPL-2.0-or-later
// The console of an instance: on a multikernel kernel /dev/mktty, which leads to one after "ID\n" was written to it;
// elsewhere the far end of its serial line, where that is wired to a device of this machine.
#pragma once

#include "kexec/core/file.h"
#include "kexec/core/result.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <regex.h>

namespace kx::ctl {

// `root` is "/" but in tests. Errc::unsupported where this kernel has no such device; Errc::denied, Errc::io. What was
// printed before is lost.
Result<FileDescriptor> open_mktty(const std::string& root, std::uint32_t id);

// A serial device at 115200 baud, 8 bits, no parity, raw. Errc::not_found, Errc::denied, Errc::io.
Result<FileDescriptor> open_serial_device(const std::string& path);

using Deadline = std::optional<std::chrono::steady_clock::time_point>;

enum class Detached {
    by_user,     // Ctrl-] then '.'
    line_closed, // the console has ended
    in_time,     // the deadline passed
    by_signal,   // SIGINT, SIGTERM, SIGHUP or SIGQUIT
};
struct Detachment {
    Detached how = Detached::by_user;
    int signal = 0;
};

// Passes what is typed at `input` to the console, and what the console prints to `output`, until one of those happens.
// A terminal at `input` is raw meanwhile. At the end of `input` only the typing ends. The console's descriptor does not
// block.
Result<Detachment> relay(int console, int input, int output, Deadline deadline);

// A POSIX extended regular expression, held against what a console prints, line by line and before a line is whole.
class ConsolePattern {
public:
    static Result<ConsolePattern> compile(const std::string& expression); // Errc::usage
    // Whether a line has matched by now. NUL bytes are left out.
    bool feed(std::string_view printed);

private:
    struct Free {
        void operator()(regex_t* compiled) const {
            regfree(compiled);
            delete compiled;
        }
    };
    std::unique_ptr<regex_t, Free> compiled_;
    std::string line_;
};

// Reads until the pattern matched; what is read goes to `output`, too, unless that is -1. Errc::io with the last line
// where the deadline passed or the console ended.
Result<> wait_for_pattern(int console, ConsolePattern& pattern, int output, Deadline deadline);

} // namespace kx::ctl
