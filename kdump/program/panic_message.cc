// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/panic_message.h"

#include <algorithm>
#include <charconv>

namespace kx::kdump {
namespace {

constexpr std::string_view panic_begin = "Kernel panic - not syncing";
constexpr std::uint64_t one_fault = 1'000'000'000; // its lines are written within this time, in nanoseconds

// Beginnings of lines that tell what went wrong. Of the lines of one fault, the one with the smallest rank tells most.
struct Cause {
    std::string_view begin;
    unsigned rank;
};
constexpr Cause causes[] = {
    {"kernel BUG at ", 1},
    {"BUG: ", 1},
    {"watchdog: BUG: ", 1},
    {"watchdog: Watchdog detected hard LOCKUP", 1},
    {"NMI watchdog: Watchdog detected hard LOCKUP", 1},
    {"Unable to handle kernel ", 1},
    {"general protection fault", 1},
    {"divide error: ", 1},
    {"stack segment: ", 1},
    {"double fault: ", 1},
    {"PANIC: double fault", 1},
    {"mce: [Hardware Error]: ", 1},
    {"Out of memory and no killable processes", 1},
    {"invalid opcode: ", 2},
    {"Internal error: ", 2},
    {"Oops: ", 2},
    {"Oops", 2},
    {"sysrq: Trigger a crash", 1},
    {"sysrq: SysRq : Trigger a crash", 1},
    {"SysRq : Trigger a crash", 1},
};

std::string_view first_line(std::string_view text) {
    return text.substr(0, text.find('\n'));
}

// The number behind `name` in `line`.
std::optional<std::uint32_t> number_behind(std::string_view line, std::string_view name) {
    const std::size_t at = line.find(name);
    if (at == line.npos)
        return std::nullopt;
    const std::string_view digits = line.substr(at + name.size());
    std::uint32_t value = 0;
    const auto read = std::from_chars(digits.begin(), digits.end(), value);
    return read.ec == std::errc() ? std::optional(value) : std::nullopt;
}

// A command may have spaces in it; what follows it is known.
std::string_view command_in(std::string_view line) {
    constexpr std::string_view name = " Comm: ";
    const std::size_t at = line.find(name);
    if (at == line.npos)
        return {};
    std::string_view command = line.substr(at + name.size());
    for (const std::string_view behind : {" Kdump: ", " Not tainted", " Tainted: "})
        command = command.substr(0, command.find(behind));
    return command;
}

std::optional<CrashedTask> task_in(std::string_view line) {
    if (!line.starts_with("CPU: "))
        return std::nullopt;
    const auto cpu = number_behind(line, "CPU: ");
    const auto pid = number_behind(line, " PID: ");
    if (!cpu || !pid)
        return std::nullopt;
    return CrashedTask{*cpu, *pid, std::string(command_in(line))};
}

} // namespace

void PanicMessage::look_at(const LogRecord& record) {
    const std::uint64_t now = record.nanoseconds.value_or(0);
    if (record.nanoseconds)
        uptime_ = std::max(uptime_.value_or(0), now);
    const std::string_view line = first_line(record.text);
    if (line.starts_with(panic_begin)) {
        panic_ = line;
        task_wanted_ = true;
    } else if (const auto found =
                   std::ranges::find_if(causes, [&](const Cause& cause) { return line.starts_with(cause.begin); });
               found != std::end(causes)) {
        const bool same_fault = !cause_.empty() && now - cause_time_ < one_fault;
        if (!same_fault || found->rank < cause_rank_) {
            cause_ = line;
            cause_rank_ = found->rank;
            cause_time_ = now;
            task_wanted_ = true;
        }
    } else if (task_wanted_) {
        if (auto task = task_in(line)) {
            task_ = std::move(task);
            task_wanted_ = false;
        }
    }
}

} // namespace kx::kdump
