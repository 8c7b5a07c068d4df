// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/dump_summary.h"
#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"

#include <ctime>
#include <nlohmann/json.hpp>

namespace kx::kdump {
namespace {

using nlohmann::ordered_json;

std::string time_text(std::uint64_t seconds) {
    const auto time = static_cast<std::time_t>(seconds);
    std::tm parts{};
    char text[64];
    if (!gmtime_r(&time, &parts) || std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
        return fmt::format("{} seconds after 1970", seconds);
    return text;
}

std::string uptime_text(std::uint64_t nanoseconds) {
    const std::uint64_t seconds = nanoseconds / 1'000'000'000;
    const std::uint64_t days = seconds / 86400;
    return fmt::format("{}{:02}:{:02}:{:02}", days ? fmt::format("{} day{}, ", days, days == 1 ? "" : "s") : "",
                       seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

class Lines {
public:
    std::string text;
    void add(std::string_view name, std::string_view value) {
        if (!value.empty())
            text += fmt::format("{:<12} {}\n", name, printable(value));
    }
};

} // namespace

std::string text_of(const DumpSummary& summary) {
    Lines lines;
    lines.add("file", fmt::format("{} ({}, {}{})", summary.path, summary.format, size_text(summary.file_size),
                                  summary.incomplete ? ", incomplete: its end is missing" : ""));
    lines.add("kernel",
              fmt::format("{} ({})", summary.release.empty() ? "unknown" : summary.release, summary.architecture));
    lines.add("version", summary.version);
    lines.add("build id", summary.build_id);
    lines.add("host", summary.host);
    lines.add("crashed", summary.crash_time ? time_text(*summary.crash_time) : "");
    if (const auto uptime = summary.log.uptime())
        lines.add("uptime", uptime_text(*uptime));
    lines.add("panic", summary.log.panic());
    lines.add("cause", summary.log.cause());
    if (const auto& task = summary.log.task())
        lines.add("task", fmt::format("{} ({}) on CPU {}", task->pid, task->command, task->cpu));
    lines.add("CPUs", fmt::format("{}", summary.pids.size()));
    lines.add("memory", fmt::format("{} in {} range{}", size_text(summary.memory), summary.memory_ranges,
                                    summary.memory_ranges == 1 ? "" : "s"));
    lines.add("in the dump",
              fmt::format("{} of {} pages of {} bytes, {}", summary.pages_in_dump, summary.pages, summary.page_size,
                          summary.compression == "none" ? "not compressed" : summary.compression));
    if (const auto [count, size] = summary.device_dumps; count > 0)
        lines.add("device dumps", fmt::format("{}, {}", count, size_text(size)));
    return lines.text;
}

std::string json_of(const DumpSummary& summary) {
    const auto text_or_null = [](const std::string& text) {
        return text.empty() ? ordered_json() : ordered_json(text);
    };
    ordered_json crash{
        {"time", summary.crash_time ? ordered_json(*summary.crash_time) : ordered_json()},
        {"uptime_nanoseconds", summary.log.uptime() ? ordered_json(*summary.log.uptime()) : ordered_json()},
        {"panic", text_or_null(summary.log.panic())},
        {"cause", text_or_null(summary.log.cause())},
        {"task", ordered_json()}};
    if (const auto& task = summary.log.task())
        crash["task"] = {{"cpu", task->cpu}, {"pid", task->pid}, {"command", task->command}};
    const ordered_json devices{{"count", summary.device_dumps.count}, {"size", summary.device_dumps.size}};
    const ordered_json document{{"schema", "kdump-info-1"},
                                {"file",
                                 {{"path", summary.path},
                                  {"format", summary.format},
                                  {"size", summary.file_size},
                                  {"incomplete", summary.incomplete}}},
                                {"kernel",
                                 {{"release", text_or_null(summary.release)},
                                  {"version", text_or_null(summary.version)},
                                  {"architecture", summary.architecture},
                                  {"build_id", text_or_null(summary.build_id)},
                                  {"host", text_or_null(summary.host)}}},
                                {"crash", std::move(crash)},
                                {"cpus", {{"count", summary.pids.size()}, {"pids", summary.pids}}},
                                {"device_dumps", devices},
                                {"memory",
                                 {{"size", summary.memory},
                                  {"ranges", summary.memory_ranges},
                                  {"page_size", summary.page_size},
                                  {"pages_in_dump", summary.pages_in_dump},
                                  {"compression", summary.compression}}}};
    return json_text(document) + "\n";
}

} // namespace kx::kdump
