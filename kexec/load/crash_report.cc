// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/load/crash_report.h"

#include "kexec/core/text.h"

#include <nlohmann/json.hpp>

namespace kx {
namespace {

using nlohmann::ordered_json;

std::string text_of(std::span<const PhysRange> ranges) {
    std::vector<std::string> texts;
    for (const PhysRange& range : ranges)
        texts.push_back(fmt::format("{} at {:#x}", size_text(range.size()), range.begin));
    return fmt::format("{}", fmt::join(texts, ", "));
}

ordered_json json_of(PhysRange range) {
    return {{"begin", range.begin}, {"end", range.end}};
}

ordered_json json_of(std::span<const PhysRange> ranges) {
    ordered_json json = ordered_json::array();
    for (const PhysRange& range : ranges)
        json.push_back(json_of(range));
    return json;
}

} // namespace

std::string text_of(const CrashReport& crash) {
    std::string text = fmt::format("reserved   {}{}{}\n", text_of(crash.reservations),
                                   crash.cma_reservations.empty() ? "" : "; CMA: ", text_of(crash.cma_reservations));
    text += fmt::format(
        "elfcorehdr {} at {:#x}: {}, {}; {}\n", size_text(crash.elfcorehdr.size()), crash.elfcorehdr.begin,
        counted(crash.cpus, "CPU"), counted(crash.memory_ranges, "memory range"),
        crash.kernel_updates ? "the running kernel keeps it up to date" : "load again after CPUs or memory come or go");
    if (crash.backup)
        text += fmt::format("backup     {} from {:#x} to {:#x}, by purgatory\n", size_text(crash.backup->source.size()),
                            crash.backup->source.begin, crash.backup->destination);
    text += fmt::format("{:>18} {:>18} {:>10}  the crash kernel's memory map\n", "begin", "end", "size");
    for (const CrashReport::Entry& entry : crash.memory_map)
        text += fmt::format("{:>#18x} {:>#18x} {:>10}  {}\n", entry.memory.begin, entry.memory.end,
                            size_text(entry.memory.size()), entry.kind);
    return text;
}

ordered_json json_of(const CrashReport& crash) {
    ordered_json json{{"reservations", json_of(crash.reservations)},
                      {"cma_reservations", json_of(crash.cma_reservations)},
                      {"elfcorehdr",
                       {{"address", crash.elfcorehdr.begin},
                        {"size", crash.elfcorehdr.size()},
                        {"cpus", crash.cpus},
                        {"memory_ranges", crash.memory_ranges},
                        {"kernel_updates", crash.kernel_updates}}},
                      {"backup", ordered_json()},
                      {"memory_map", ordered_json::array()}};
    if (crash.backup)
        json["backup"] = {{"source", json_of(crash.backup->source)}, {"destination", crash.backup->destination}};
    for (const CrashReport::Entry& entry : crash.memory_map)
        json["memory_map"].push_back({{"begin", entry.memory.begin}, {"end", entry.memory.end}, {"kind", entry.kind}});
    return json;
}

} // namespace kx
