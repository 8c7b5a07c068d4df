// SPDX-License-Identifier: GPL-2.0-or-later
#include "module_load.h"

#include "core/command_line.h"
#include "handover/digest.h"
#include "instance_choice.h"
#include "instance_handover.h"
#include "load_inputs.h"
#include "multikernel/kept_handover.h"
#include "multikernel/record.h"
#include "placed_load.h"
#include "plan/report.h"
#include "system/call_context.h"
#include "uapi/kexec.h"
#include "uapi/multikernel.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <memory>

#include <unistd.h>

namespace kx {
namespace {

struct PlacedInstance {
    Instance instance;
    std::vector<AddedParameter> added;
    InstanceHandover handover;
    PlacedLoad load;
};

PurgatoryOptions purgatory_options(const Options& options, const Instance& instance) {
    return {.verify = options.checks,
            .serial_base = options.serial_port.value_or(instance.serial_port.value_or(0)),
            .serial_baud = options.serial_baud,
            .chatty = options.console_serial};
}

// What was given stands, also where it takes the place of a parameter that keeps the kernels apart.
void note_dangers(std::string_view given, Notices& notices) {
    if (const auto pci = parameter_value(given, "pci"); pci && *pci != "off")
        notices.add("pci={} stands in the place of pci=off: the second kernel will find the running kernel's devices",
                    *pci);
    if (const auto panic = parameter_value(given, "panic"); panic && *panic != "0")
        notices.add("panic={} stands in the place of panic=0: a panic of the second kernel resets the whole machine",
                    *panic);
}

Result<PlacedInstance> plan_instance(Session& session, LoadInputs& inputs, const MultikernelFacts& facts) {
    const Options& options = session.options;
    PlacedInstance placed;
    placed.instance = KX_TRY(choose_instance(options.instance, facts, session.files, session.notices));
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

std::string folder_of(std::uint32_t id) {
    return fmt::format("sys/fs/multikernel/instances/{}", id);
}

std::string now_utc() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

// As seen from everywhere; as it was given where the current folder has no name.
std::string absolute(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> here(path.starts_with('/') ? nullptr : getcwd(nullptr, 0),
                                                           &std::free);
    return here ? fmt::format("{}/{}", here.get(), path) : path;
}

InstanceRecord record_of(const PlacedInstance& placed, const LoadInputs& inputs) {
    const Digest digest = digest_of(inputs.kernel.bytes());
    return {.id = placed.instance.id,
            .kernel_path = absolute(inputs.request.kernel.path),
            .kernel_version = placed.load.plan.kernel_version,
            .kernel_digest = fmt::format("xxh3-128:{:016x}{:016x}", digest.high, digest.low),
            .initrd_path = inputs.request.initrd ? absolute(inputs.request.initrd->path) : "",
            .command_line = inputs.request.command_line,
            .loaded_at = now_utc(),
            .serial_port = placed.instance.serial_port,
            .entry = placed.load.entry};
}

// Makes the calls, the image first. The caller drops the image when a later one fails.
Result<> load_image(Session& session, const PlacedInstance& placed, std::uint64_t flags) {
    std::vector<KernelSegment> segments;
    for (const Segment& segment : placed.load.placement.segments())
        segments.push_back({segment.content().view(), segment.memory()});
    const auto loaded = session.kernel.load(placed.load.entry, segments, flags);
    if (loaded)
        return {};
    CallContext context = read_call_context(session.files, false);
    context.instance = fmt::format("instance {}", placed.instance.id);
    return std::unexpected(refusal(Call::load_instance, loaded.error(), context));
}

Result<> assign(Session& session, const Instance& instance) {
    CallContext context;
    context.instance = fmt::format("instance {}", instance.id);
    context.cpus = text_of(instance.cpus);
    const PhysRange low = instance.low_memory, memory = instance.memory;
    const std::string ranges =
        fmt::format("{:#x}-{:#x}\n{:#x}-{:#x}\n", low.begin, low.end - 1, memory.begin, memory.end - 1);
    const auto got_memory = session.kernel.write_attribute(folder_of(instance.id) + "/memory", ranges);
    if (!got_memory)
        return std::unexpected(refusal(Call::assign_memory, got_memory.error(), context));
    const auto got_cpus =
        session.kernel.write_attribute(folder_of(instance.id) + "/cpus", logical_list(instance.cpus) + "\n");
    if (!got_cpus)
        return std::unexpected(refusal(Call::assign_cpus, got_cpus.error(), context));
    return {};
}

Result<> load_and_assign(Session& session, const PlacedInstance& placed, const LoadInputs& inputs) {
    const std::uint64_t id_flags = KEXEC_MULTIKERNEL | static_cast<std::uint64_t>(placed.instance.id)
                                                           << KEXEC_MK_ID_SHIFT;
    KX_TRY(load_image(session, placed, placed.load.kexec_arch | id_flags));
    Result<> kept = assign(session, placed.instance);
    if (kept)
        kept = inputs.unchanged();
    if (kept)
        return {};
    const bool dropped = session.kernel.load(0, {}, id_flags).has_value();
    return fail(kept.error().code, "{}; {}", kept.error().message,
                dropped ? "the image was dropped again"
                        : fmt::format("dropping the image failed: kexec -u --multikernel={}", placed.instance.id));
}

} // namespace

Result<std::uint32_t> load_into_module(Session& session) {
    const Options& options = session.options;
    const MultikernelFacts facts = KX_TRY(read_multikernel_facts(session.files));
    LoadInputs inputs = KX_TRY(open_inputs(session));
    const PlacedInstance placed = KX_TRY(plan_instance(session, inputs, facts));
    KX_TRY(refuse_if_strict(session));

    const LoadReport report = report_of(placed, inputs, options);
    if (options.dry_run) {
        LoadReport shown = report;
        shown.notices = session.notices.texts();
        print(stdout, "{}", options.json ? json_of(shown) : text_of(shown));
        return placed.instance.id;
    }
    if (options.debug)
        print(stderr, "{}", text_of(report));

    // One that an earlier image of this id left would be taken for this one's, should ours not be written.
    KX_TRY(remove_instance_record(session.run_root, placed.instance.id));
    KX_TRY(load_and_assign(session, placed, inputs));
    if (const auto written = write_instance_record(session.run_root, record_of(placed, inputs)); !written)
        session.notices.add("{}; kexec -S will not know the kernel's path and command line", written.error().message);
    if (const auto kept = keep_handover(session.run_root, placed.instance.id, placed.handover.page); !kept)
        session.notices.add("{}; kexec --show-handover will not know what was handed over", kept.error().message);
    if (options.json)
        print(stdout, "{}", json_of(report));
    else
        print(stdout, "{}", text_of(*report.instance, "loaded"));
    return placed.instance.id;
}

} // namespace kx
