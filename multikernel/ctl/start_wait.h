// SPDX-License-Identifier: GPL-2.0-or-later
// --wait and --timeout: what has to be seen before a start counts as done.
#pragma once

#include "multikernel/ctl/change.h"
#include "multikernel/ctl/console_line.h"

#include <chrono>
#include <optional>
#include <string>

namespace kx::ctl {

struct Wait {
    std::string status; // loaded, active, or kernel; empty: not waited for
    std::optional<std::string> console_pattern;
    std::chrono::seconds patience{30};
    bool verbose = false; // show what the console prints meanwhile
    bool given() const { return !status.empty() || console_pattern; }
};

inline constexpr ArgumentRow wait_row = {"wait", 0, "WHAT",
                                         "Until loaded, active, kernel (multikernel.ko) or console:REGEX was seen."};
inline constexpr ArgumentRow timeout_row = {"timeout", 0, "SECONDS", "How long to wait (30); then it is a failure."};
inline constexpr ArgumentRow verbose_row = {"verbose", 'v', nullptr, "Show what the console prints while waiting."};

// Errc::usage.
Result<Wait> parse_wait(const Arguments& arguments);

// Made before the start, so that nothing that is printed is missed.
class StartWait {
public:
    // Errc::unsupported where a console is to be read that this kernel cannot read.
    static Result<StartWait> begin(const Change& change, const InstanceView& instance, const Wait& wait);
    // After the start. Errc::io where the time was over.
    Result<> finish(const Change& change, const InstanceView& instance);

private:
    Wait wait_;
    FileDescriptor console_;
    ConsolePattern pattern_;
};

// Errc::unsupported on a stock kernel, with where the instance's console is to be had.
Result<FileDescriptor> console_of(const Session& session, const InstanceView& instance);

} // namespace kx::ctl
