// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/load.h"

#include "kexec/core/command_line.h"

#include <algorithm>

namespace kx {
namespace {

PurgatoryOptions purgatory_options(const Options& options, const Instance& instance) {
    return {.verify = options.checks,
            .serial_base = options.serial_port.value_or(instance.serial_port.value_or(0)),
            .serial_baud = options.serial_baud,
            .chatty = options.console_serial};
}

// What the user gave counts, even where it replaces a parameter that keeps the kernels apart.
void note_dangers(std::string_view given, Notices& notices) {
    if (const auto pci = parameter_value(given, "pci"); pci && *pci != "off")
        notices.add("pci={} stands in the place of pci=off: the second kernel will find the running kernel's devices",
                    *pci);
    if (const auto panic = parameter_value(given, "panic"); panic && *panic != "0")
        notices.add("panic={} stands in the place of panic=0: a panic of the second kernel resets the whole machine",
                    *panic);
}

} // namespace

Result<PlacedInstance> place_instance(Session& session, LoadInputs& inputs, const Instance& instance) {
    const Options& options = session.options;
    PlacedInstance placed;
    placed.instance = instance;
    std::string& command_line = inputs.request.command_line;
    const auto words = command_line_words(command_line);
    if (!options.instance.exact_command_line && !words.empty() && std::ranges::count(command_line, '"') % 2 != 0)
        return fail(Errc::usage, "the command line ends inside quotes: what has to be added would become part of {}",
                    words.back());
    if (!options.instance.exact_command_line) {
        note_dangers(command_line, session.notices);
        placed.added = added_parameters(placed.instance, command_line);
    }
    command_line = with_parameters(command_line, placed.added);

    placed.handover = KX_TRY(instance_handover(options.instance, placed.instance));
    inputs.request.kho_fdt = placed.handover.page;
    const Machine running = KX_TRY(read_machine(session.files, session.notices));
    const Machine machine = instance_machine(placed.instance, running);
    KX_TRY(check_memory_size(placed.instance, inputs.request, machine));
    placed.load = KX_TRY(place_load(inputs.request, purgatory_options(options, placed.instance), machine,
                                    instance_demands(placed.instance), session.notices));
    KX_TRY(inputs.unchanged());
    return placed;
}

LoadReport report_of(const PlacedInstance& placed, const LoadInputs& inputs, const Options& options) {
    LoadReport report;
    report.kernel_path = inputs.request.kernel.path;
    if (inputs.request.initrd)
        report.initrd_path = inputs.request.initrd->path;
    report.command_line = inputs.request.command_line;
    report.format = placed.load.plan.format;
    report.kernel_version = placed.load.plan.kernel_version;
    report.segments = SegmentsReport{.placement = &placed.load.placement,
                                     .free_ram = placed.load.free_ram,
                                     .entry = placed.load.entry,
                                     .kernel_entry = placed.load.kernel_entry,
                                     .flags = {"KEXEC_MULTIKERNEL"},
                                     .verified = options.checks};
    InstanceReport instance{.id = placed.instance.id,
                            .memory = placed.instance.memory,
                            .low_memory = placed.instance.low_memory,
                            .serial_port = placed.instance.serial_port};
    if (instance.serial_port)
        instance.console = serial_console(*instance.serial_port);
    for (const Cpu& cpu : placed.instance.cpus)
        instance.cpus.push_back({cpu.logical, cpu.physical});
    for (const AddedParameter& parameter : placed.added)
        instance.added.push_back({parameter.text, parameter.why});
    instance.handover = placed.handover.report;
    report.instance = std::move(instance);
    return report;
}

std::vector<KernelSegment> segments_of(const PlacedInstance& placed) {
    std::vector<KernelSegment> segments;
    for (const Segment& segment : placed.load.placement.segments())
        segments.push_back({segment.content().view(), segment.memory()});
    return segments;
}

} // namespace kx
