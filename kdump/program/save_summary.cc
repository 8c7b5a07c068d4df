// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/save_summary.h"

#include "kdump/program/save_progress.h"
#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"

#include <array>
#include <nlohmann/json.hpp>
#include <vector>

namespace kx::kdump {
namespace {

struct Reason {
    const char* text;
    const char* key; // in the JSON document
};
// In the order of the level's bits.
constexpr std::array<Reason, 5> by_level = {{{"of zeros", "zero"},
                                             {"of the page cache", "cache"},
                                             {"of the page cache with private data", "private_cache"},
                                             {"of user processes", "user"},
                                             {"free", "free"}}};

std::string left_out_text(const LeftOut& left_out) {
    std::vector<std::string> parts;
    const auto add = [&](std::uint64_t pages, const char* what) {
        if (pages)
            parts.push_back(fmt::format("{} {}", pages, what));
    };
    for (std::size_t i = by_level.size(); i-- > 1;)
        add(left_out.by_level[i], by_level[i].text);
    add(left_out.by_level[0], by_level[0].text);
    add(left_out.poisoned, "of damaged memory");
    add(left_out.offline, "offline");
    add(left_out.missing, "that the source lacks");
    add(left_out.unreadable, "unreadable");
    return fmt::format("{}", fmt::join(parts, ", "));
}

} // namespace

std::string_view name_of(SaveCompression compression) {
    switch (compression) {
    case SaveCompression::none:
        break;
    case SaveCompression::zlib:
        return "zlib";
    case SaveCompression::lz4:
        return "lz4";
    case SaveCompression::zstd:
        return "zstd";
    }
    return "none";
}

std::string_view name_of(SaveFormat format) {
    return format == SaveFormat::elf ? "elf" : "kdump";
}

std::string text_of(const SaveSummary& summary) {
    const SaveResult& result = summary.result;
    const std::uint64_t read = result.pages_to_do * summary.page_size;
    std::string text =
        fmt::format("{}: {} of {} pages, {} of memory in {} ({}, {})\n", printable(summary.destination),
                    result.pages_written, result.pages_total, size_text(result.pages_written * summary.page_size),
                    size_text(result.bytes_written), name_of(summary.options.format),
                    summary.compression == SaveCompression::none ? "not compressed" : name_of(summary.compression));
    if (const std::string left_out = left_out_text(result.left_out); !left_out.empty())
        text += fmt::format("left out: {}\n", left_out);
    return text + fmt::format("{}, {} MB/s\n", seconds_text(summary.milliseconds),
                              megabytes_per_second(read, summary.milliseconds));
}

std::string incomplete_text(const SaveSummary& summary) {
    const SaveResult& result = summary.result;
    if (!result.incomplete)
        return {};
    const std::string why = result.stopped_by                    ? result.stopped_by->message
                            : !summary.stopped_by_signal.empty() ? "stopped by " + summary.stopped_by_signal
                            : result.not_on_disk                 ? result.not_on_disk->message
                                                                 : "stopped";
    const std::string what = fmt::format("{} of {} pages", result.pages_written, result.pages_to_do);
    if (result.not_on_disk)
        return fmt::format("{}{}; {} were written, but which of them are on the disk is not known: "
                           "the dump is not complete",
                           why, why == result.not_on_disk->message ? "" : "; " + result.not_on_disk->message, what);
    if (result.stopped_by && summary.options.format == SaveFormat::elf && summary.compression != SaveCompression::none)
        return fmt::format("{}: the compressed file is cut off; at most {} are in it", why, what);
    const std::uint64_t missing = result.pages_to_do - result.pages_written;
    return fmt::format("{}: {} are in the dump, {} of memory are missing; what is there can be read{}", why, what,
                       size_text(missing * summary.page_size),
                       summary.options.format == SaveFormat::kdump ? ", and the dump says that it is incomplete" : "");
}

std::string json_of(const SaveSummary& summary) {
    const SaveResult& result = summary.result;
    nlohmann::ordered_json left_out;
    for (std::size_t i = 0; i < by_level.size(); ++i)
        left_out[by_level[i].key] = result.left_out.by_level[i];
    left_out["poisoned"] = result.left_out.poisoned;
    left_out["offline"] = result.left_out.offline;
    left_out["missing"] = result.left_out.missing;
    left_out["unreadable"] = result.left_out.unreadable;
    nlohmann::ordered_json document = {{"schema", "kdump-save-1"},
                                       {"destination", summary.destination},
                                       {"format", name_of(summary.options.format)},
                                       {"compression", name_of(summary.compression)},
                                       {"level", summary.options.level},
                                       {"page_size", summary.page_size},
                                       {"pages_total", result.pages_total},
                                       {"pages_kept", result.pages_to_do},
                                       {"pages_written", result.pages_written},
                                       {"left_out", left_out},
                                       {"bytes_written", result.bytes_written},
                                       {"milliseconds", summary.milliseconds},
                                       {"incomplete", result.incomplete}};
    if (const std::string why = incomplete_text(summary); !why.empty())
        document["error"] = why;
    return json_text(document) + "\n";
}

} // namespace kx::kdump
