// SPDX-License-Identifier: GPL-2.0-or-later
// Finds, in a kernel's log, why it crashed and where.
#pragma once

#include "kdump/kernel/log.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kx::kdump {

// From the line that the kernel prints above a call trace: "CPU: 1 PID: 234 Comm: bash Not tainted …".
struct CrashedTask {
    std::uint32_t cpu;
    std::uint32_t pid;
    std::string command;
    friend bool operator==(const CrashedTask&, const CrashedTask&) = default;
};

// Is shown each record in turn.
class PanicMessage {
public:
    void look_at(const LogRecord& record);

    // The last "Kernel panic - not syncing: …". A kernel that crashed in an oops may have none: the crash kernel is
    // started before the oops becomes a panic.
    const std::string& panic() const { return panic_; }
    // What was wrong before that: the last "BUG: …", "general protection fault", "Oops: …" and the like, or the request
    // for a crash ("sysrq: Trigger a crash"). Of the lines of one fault, the first one that says what was wrong.
    const std::string& cause() const { return cause_; }
    const std::optional<CrashedTask>& task() const { return task_; }
    // When the last record was written.
    std::optional<std::uint64_t> uptime() const { return uptime_; } // nanoseconds

private:
    std::string panic_;
    std::string cause_;
    unsigned cause_rank_ = 0;
    std::uint64_t cause_time_ = 0;
    bool task_wanted_ = false;
    std::optional<CrashedTask> task_;
    std::optional<std::uint64_t> uptime_;
};

} // namespace kx::kdump
