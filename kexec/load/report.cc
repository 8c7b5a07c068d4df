// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/load/report.h"

#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "kexec/load/crash_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kx {
namespace {

using nlohmann::ordered_json;

// What lies directly below or above a segment.
struct Neighbour {
    std::string kind;       // "free", "segment" or "reserved": neither free RAM nor ours
    std::string name;       // of the segment
    std::uint64_t size = 0; // of the free stretch
};

Neighbour neighbour_at(const SegmentsReport& report, std::uint64_t address, bool below) {
    for (const Segment& segment : report.placement->segments()) {
        if (segment.memory().contains(address))
            return {"segment", segment.name(), segment.memory().size()};
    }
    std::vector<PhysRange> taken;
    for (const Segment& segment : report.placement->segments())
        taken.push_back(segment.memory());
    for (PhysRange range : difference(report.free_ram, normalized(taken))) {
        if (range.contains(address))
            return {"free", "", below ? address + 1 - range.begin : range.end - address};
    }
    return {"reserved", "", 0};
}

Neighbour below(const SegmentsReport& report, PhysRange memory) {
    return memory.begin ? neighbour_at(report, memory.begin - 1, true) : Neighbour{"reserved", "", 0};
}
Neighbour above(const SegmentsReport& report, PhysRange memory) {
    return neighbour_at(report, memory.end, false);
}

std::string text_of(const Neighbour& neighbour) {
    if (neighbour.kind == "free")
        return size_text(neighbour.size) + " free";
    return neighbour.kind == "segment" ? neighbour.name : neighbour.kind;
}

std::string joined(const std::vector<std::string>& words, std::string_view none) {
    return words.empty() ? std::string(none) : fmt::format("{}", fmt::join(words, " | "));
}

std::string text_of(const SegmentsReport& report) {
    std::string text =
        report.past_purgatory
            ? fmt::format("entry    {:#x} (as asked for, past purgatory: nothing is checked)\n", report.entry)
            : fmt::format("entry    {:#x} (purgatory, {}), then {:#x} (kernel)\n", report.entry,
                          report.verified ? "checks the digests first" : "no check", report.kernel_entry);
    text += fmt::format("flags    {}\n", joined(report.flags, "none"));
    text += fmt::format("{:<12} {:>18} {:>18} {:>10} {:>10}  {:<14} {:<14} {}\n", "segment", "begin", "end", "memory",
                        "bytes", "below", "above", "from");
    for (const Segment& segment : report.placement->segments()) {
        const PhysRange memory = segment.memory();
        text += fmt::format("{:<12} {:>#18x} {:>#18x} {:>10} {:>10}  {:<14} {:<14} {}\n", segment.name(), memory.begin,
                            memory.end, size_text(memory.size()), size_text(segment.byte_size()),
                            text_of(below(report, memory)), text_of(above(report, memory)),
                            segment.source().empty() ? "made here" : printable(segment.source()));
    }
    return text;
}

ordered_json json_of(const Neighbour& neighbour) {
    ordered_json json{{"kind", neighbour.kind}};
    if (neighbour.kind == "segment")
        json["name"] = neighbour.name;
    if (neighbour.kind == "free")
        json["size"] = neighbour.size;
    return json;
}

ordered_json json_of(const SegmentsReport& report) {
    ordered_json json{{"entry", report.entry},
                      {"kernel_entry", report.kernel_entry},
                      {"flags", report.flags},
                      {"verified", report.verified},
                      {"segments", ordered_json::array()}};
    for (const Segment& segment : report.placement->segments()) {
        ordered_json one{{"name", segment.name()},
                         {"address", segment.memory().begin},
                         {"memory_size", segment.memory().size()},
                         {"byte_size", segment.byte_size()},
                         {"source", segment.source().empty() ? ordered_json() : ordered_json(segment.source())},
                         {"guarded", report.verified && segment.guarded()},
                         {"below", json_of(below(report, segment.memory()))},
                         {"above", json_of(above(report, segment.memory()))}};
        json["segments"].push_back(std::move(one));
    }
    return json;
}

std::string added_text(std::span<const InstanceReport::Parameter> added) {
    std::string text;
    for (const InstanceReport::Parameter& parameter : added)
        text += fmt::format("added    {:<24} {}\n", printable(parameter.text), printable(parameter.why));
    return text;
}

std::string text_of(const HandoverReport& handover) {
    const std::string source = handover.kho_fdt         ? *handover.kho_fdt
                               : handover.instance_tree ? "made here around " + *handover.instance_tree
                                                        : "made here";
    return fmt::format("handover {} bytes of device tree, {}\n", handover.size, printable(source));
}

ordered_json json_of(const HandoverReport& handover) {
    return {{"size", handover.size},
            {"kho_fdt", handover.kho_fdt ? ordered_json(*handover.kho_fdt) : ordered_json()},
            {"instance_dtb", handover.instance_tree ? ordered_json(*handover.instance_tree) : ordered_json()}};
}

ordered_json json_of(std::span<const InstanceReport::Parameter> added) {
    ordered_json json = ordered_json::array();
    for (const InstanceReport::Parameter& parameter : added)
        json.push_back({{"text", parameter.text}, {"why", parameter.why}});
    return json;
}

ordered_json json_of(const InstanceReport& instance) {
    ordered_json json{{"id", instance.id}, {"cpus", ordered_json::array()}};
    for (const InstanceReport::Cpu& cpu : instance.cpus)
        json["cpus"].push_back({{"logical", cpu.logical}, {"physical", cpu.physical}});
    json["memory"] = {{"begin", instance.memory.begin}, {"end", instance.memory.end}};
    json["low_memory"] = {{"begin", instance.low_memory.begin}, {"end", instance.low_memory.end}};
    json["serial_port"] = instance.serial_port ? ordered_json(*instance.serial_port) : ordered_json();
    json["added_parameters"] = json_of(instance.added);
    json["handover"] = instance.handover ? json_of(*instance.handover) : ordered_json();
    return json;
}

ordered_json json_of(const NativeReport& instance) {
    const auto or_null = [](const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); };
    ordered_json json{{"id", instance.id}, {"name", instance.name}, {"cpus", ordered_json::array()}};
    for (const NativeReport::Cpu& cpu : instance.cpus)
        json["cpus"].push_back(
            {{"logical", cpu.logical ? ordered_json(*cpu.logical) : ordered_json()}, {"physical", cpu.physical}});
    json["memory_size"] = instance.memory_size;
    json["memory_ranges"] = ordered_json::array();
    for (const PhysRange& range : instance.memory)
        json["memory_ranges"].push_back({{"begin", range.begin}, {"end", range.end}});
    json["image_size"] = instance.image_size;
    json["added_parameters"] = json_of(instance.added);
    json["pool"] = or_null(instance.pool_source);
    json["overlay"] = or_null(instance.overlay_source);
    return json;
}

std::string made_text(const NativeReport& instance) {
    std::string text;
    if (!instance.pool_source.empty())
        text += fmt::format("\nthe pool is made first, by this baseline:\n{}", instance.pool_source);
    if (!instance.overlay_source.empty())
        text += fmt::format("\nthe instance is created by this overlay:\n{}", instance.overlay_source);
    return text;
}

} // namespace

std::string text_of(const InstanceReport& instance, std::string_view state) {
    std::vector<std::string> cpus;
    for (const InstanceReport::Cpu& cpu : instance.cpus)
        cpus.push_back(fmt::format("{} (apic {:#x})", cpu.logical, cpu.physical));
    return fmt::format("instance {}: {}{}CPU {}, {} at {:#x}{}\n", instance.id, state, state.empty() ? "" : ", ",
                       fmt::join(cpus, ", "), size_text(instance.memory.size()), instance.memory.begin,
                       instance.serial_port
                           ? fmt::format(", console {} (port {:#x})", instance.console, *instance.serial_port)
                           : ", no console");
}

std::string text_of(const NativeReport& instance, std::string_view state) {
    std::vector<std::string> cpus;
    for (const NativeReport::Cpu& cpu : instance.cpus)
        cpus.push_back(cpu.logical ? fmt::format("{} (apic {:#x})", *cpu.logical, cpu.physical)
                                   : fmt::format("apic {:#x}", cpu.physical));
    return fmt::format("instance {} ({}): {}{}CPU {}, {}{}\n", instance.id, instance.name, state,
                       state.empty() ? "" : ", ", fmt::join(cpus, ", "), size_text(instance.memory_size),
                       instance.memory.empty() ? "" : fmt::format(" at {:#x}", instance.memory.front().begin));
}

std::string text_of(const LoadReport& report) {
    std::string text = fmt::format("kernel   {}{}{}\n", printable(report.kernel_path),
                                   report.format.empty() ? "" : fmt::format(" ({})", report.format),
                                   report.kernel_version.empty() ? "" : ", Linux " + printable(report.kernel_version));
    text += fmt::format("initrd   {}\ncmdline  {}\n", printable(report.initrd_path.value_or("none")),
                        report.command_line.empty() ? "(empty)" : printable(report.command_line));
    if (report.instance) {
        text += added_text(report.instance->added);
        if (report.instance->handover)
            text += text_of(*report.instance->handover);
        text += "\n" + text_of(*report.instance, "");
    }
    if (report.native)
        text += added_text(report.native->added) + "\n" + text_of(*report.native, "") + made_text(*report.native);
    if (report.crash)
        text += added_text(report.crash->added);
    if (report.files) {
        text += fmt::format("\nby kexec_file_load{}: the running kernel places and verifies\nflags    {}\n",
                            report.segments || report.no_segments ? " (tried first)" : "",
                            joined(report.files->flags, "none"));
    }
    if (report.segments)
        text += fmt::format("\nby kexec_load{}:\n{}", report.files ? " (where that cannot do it)" : "",
                            text_of(*report.segments));
    if (report.segments && report.crash)
        text += "\n" + text_of(*report.crash);
    if (report.no_segments)
        text += fmt::format("\nnot by kexec_load: {}\n", printable(*report.no_segments));
    return text;
}

std::string json_of(const LoadReport& report) {
    ordered_json json{
        {"schema", "kexec-plan-1"},
        {"kernel", {{"path", report.kernel_path}, {"format", report.format}, {"version", report.kernel_version}}},
        {"initrd", report.initrd_path ? ordered_json(*report.initrd_path) : ordered_json()},
        {"command_line", report.command_line}};
    if (report.instance)
        json["instance"] = json_of(*report.instance);
    if (report.native)
        json["instance"] = json_of(*report.native);
    if (report.crash) {
        json["crash"] = json_of(*report.crash);
        json["crash"]["added_parameters"] = json_of(report.crash->added);
    }
    json["kexec_file_load"] = report.files ? ordered_json{{"flags", report.files->flags}} : ordered_json();
    json["kexec_load"] = report.segments ? json_of(*report.segments) : ordered_json();
    json["no_kexec_load"] = report.no_segments ? ordered_json(*report.no_segments) : ordered_json();
    json["notices"] = report.notices;
    return json_text(json) + "\n";
}

} // namespace kx
