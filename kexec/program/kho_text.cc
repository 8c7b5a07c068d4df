// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "kexec/program/kho_view.h"

#include <nlohmann/json.hpp>

namespace kx {
namespace {

using nlohmann::ordered_json;

template <typename... Cases> struct Overloaded : Cases... { using Cases::operator()...; };

constexpr std::size_t most_ranges_shown = 64; // in text; JSON has all

std::string range_text(PhysRange range) {
    return fmt::format("{:#014x}-{:#014x}  {}", range.begin, range.end, size_text(range.size()));
}

std::string address_text(std::optional<std::uint64_t> address) {
    if (!address)
        return "somewhere";
    return *address == 0 ? "none" : fmt::format("at {:#x}", *address);
}

std::string text_of(const KhoNodeView& node) {
    std::string text = fmt::format("  {:<16}", printable(node.name));
    if (node.address)
        text += fmt::format("  at {:#014x}", *node.address);
    if (node.size)
        text += fmt::format("  {} bytes", *node.size);
    text += '\n';
    const auto below = [&](const std::string& line) { text += fmt::format("      {}\n", line); };
    std::visit(
        Overloaded{[](std::monostate) {},
                   [&](const std::vector<KhoReservedMemory>& all) {
                       for (const KhoReservedMemory& memory : all)
                           below(fmt::format("reserve_mem {}: {}", printable(memory.name), range_text(memory.range)));
                   },
                   [&](const KhoKexecMetadata& metadata) {
                       below(fmt::format("from {}; kexec number {} since the machine was started",
                                         printable(metadata.previous_release), metadata.count));
                   },
                   [&](const KhoLiveUpdate& update) {
                       below(fmt::format("{}{}; sessions {}, shared objects {}", printable(update.compatible),
                                         update.number ? fmt::format(", live update number {}", *update.number) : "",
                                         address_text(update.sessions), address_text(update.objects)));
                   }},
        node.content);
    if (!node.problem.empty())
        below(fmt::format("not decoded: {}", printable(node.problem)));
    return text;
}

std::string preserved_text(const KhoTreeView& view) {
    const std::uint64_t map = view.tree->memory_map.value_or(0);
    if (map == 0)
        return "  no memory is preserved\n";
    std::string text = fmt::format("  map of preserved memory at {:#x}: ", map);
    if (!view.preserved)
        return text + fmt::format("not decoded: {}\n", printable(view.preserved_problem));
    const auto& ranges = view.preserved->ranges;
    text += fmt::format("{} in {}\n", size_text(total_size(ranges)), counted(ranges.size(), "range"));
    for (const auto& [order, blocks] : view.preserved->blocks)
        text += fmt::format("      {} of order {}\n", counted(blocks, "block"), order);
    for (const PhysRange range : std::span(ranges).first(std::min(ranges.size(), most_ranges_shown)))
        text += fmt::format("    {}\n", range_text(range));
    if (ranges.size() > most_ranges_shown)
        text += fmt::format("    … and {} more (--json has all)\n", ranges.size() - most_ranges_shown);
    return text;
}

std::string text_of(std::string_view title, const KhoTreeView& view) {
    std::string text = fmt::format("\n{} ({}):", title, printable(view.file));
    if (view.tree)
        text += fmt::format(" kho-v{}, a tree of {} bytes\n{}", view.tree->layout->version, view.tree->size,
                            preserved_text(view));
    else
        text += fmt::format(" no tree\n  {}\n", printable(view.problem));
    for (const KhoNodeView& node : view.nodes)
        text += text_of(node);
    return text;
}

ordered_json json_of(PhysRange range) {
    return {{"begin", range.begin}, {"end", range.end}};
}

ordered_json json_of(std::span<const PhysRange> ranges) {
    auto all = ordered_json::array();
    for (const PhysRange range : ranges)
        all.push_back(json_of(range));
    return all;
}

template <typename T> ordered_json or_null(const std::optional<T>& value) {
    return value ? ordered_json(*value) : ordered_json();
}

ordered_json or_null(const std::string& text) {
    return text.empty() ? ordered_json() : ordered_json(text);
}

ordered_json json_of(const KhoNodeView& node) {
    ordered_json json{{"name", node.name},
                      {"address", or_null(node.address)},
                      {"size", or_null(node.size)},
                      {"file", or_null(node.file)},
                      {"problem", or_null(node.problem)}};
    std::visit(
        Overloaded{
            [](std::monostate) {},
            [&](const std::vector<KhoReservedMemory>& all) {
                json["reserve_mem"] = ordered_json::array();
                for (const KhoReservedMemory& memory : all)
                    json["reserve_mem"].push_back(
                        {{"name", memory.name}, {"begin", memory.range.begin}, {"end", memory.range.end}});
            },
            [&](const KhoKexecMetadata& metadata) {
                json["kexec_metadata"] = {{"previous_release", metadata.previous_release}, {"count", metadata.count}};
            },
            [&](const KhoLiveUpdate& update) {
                json["live_update"] = {{"compatible", update.compatible},
                                       {"number", or_null(update.number)},
                                       {"sessions", or_null(update.sessions)},
                                       {"objects", or_null(update.objects)}};
            }},
        node.content);
    return json;
}

ordered_json json_of(const PreservedMemory& preserved) {
    auto blocks = ordered_json::array();
    for (const auto& [order, count] : preserved.blocks)
        blocks.push_back({{"order", order}, {"count", count}});
    return {{"size", total_size(preserved.ranges)},
            {"blocks", std::move(blocks)},
            {"ranges", json_of(std::span(preserved.ranges))}};
}

ordered_json json_of(const std::optional<KhoTreeView>& view) {
    if (!view)
        return {};
    ordered_json json{{"file", view->file},
                      {"version", view->tree ? ordered_json(view->tree->layout->version) : ordered_json()},
                      {"size", view->tree ? ordered_json(view->tree->size) : ordered_json()},
                      {"problem", or_null(view->problem)},
                      {"memory_map", view->tree ? or_null(view->tree->memory_map) : ordered_json()},
                      {"preserved", view->preserved ? json_of(*view->preserved) : ordered_json()},
                      {"preserved_problem", or_null(view->preserved_problem)},
                      {"nodes", ordered_json::array()}};
    for (const KhoNodeView& node : view->nodes)
        json["nodes"].push_back(json_of(node));
    return json;
}

} // namespace

std::string text_of(const KhoView& view) {
    if (view.file)
        return text_of("Handover", *view.file).substr(1);
    if (!view.on)
        return fmt::format("Kexec handover (KHO) is not there to be seen.\n  {}\n", printable(view.reason));
    std::string text = "Kexec handover (KHO) is on.\n";
    if (view.scratch) {
        text += fmt::format("\nScratch memory, for the next kernel to start in: {} in {}\n",
                            size_text(total_size(normalized(*view.scratch))), counted(view.scratch->size(), "range"));
        for (const PhysRange range : *view.scratch)
            text += fmt::format("    {}\n", range_text(range));
    } else {
        text += fmt::format("\nScratch memory is not known: {}\n", printable(view.scratch_problem));
    }
    text +=
        view.in ? text_of("Handed in", *view.in) : "\nHanded in: nothing; this kernel was not started by a handover\n";
    text += view.out ? text_of("To be handed out", *view.out) : "\nTo be handed out: nothing is shown\n";
    return text;
}

std::string json_of(const KhoView& view) {
    ordered_json json{{"schema", "kexec-kho-1"}};
    if (view.file) {
        json["file"] = json_of(view.file);
    } else {
        json["on"] = view.on;
        json["reason"] = or_null(view.reason);
        json["scratch"] = view.scratch ? json_of(std::span(*view.scratch)) : ordered_json();
        json["scratch_problem"] = or_null(view.scratch_problem);
        json["in"] = json_of(view.in);
        json["out"] = json_of(view.out);
    }
    return json_text(json) + "\n";
}

} // namespace kx
