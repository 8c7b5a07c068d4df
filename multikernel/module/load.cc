// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/module/load.h"

#include "include/uapi/kexec.h"
#include "include/uapi/multikernel.h"
#include "kexec/program/foreseen.h"
#include "kexec/program/load_wishes.h"
#include "kexec/system/call_context.h"
#include "multikernel/module/refusals.h"
#include "multikernel/module/choice.h"
#include "multikernel/placed/load.h"
#include "multikernel/placed/load_record.h"
#include "multikernel/records/handed_page.h"

namespace kx {
namespace {

std::string folder_of(std::uint32_t id) {
    return fmt::format("sys/fs/multikernel/instances/{}", id);
}

void write_down(Session& session, const PlacedInstance& placed, const LoadInputs& inputs, const std::string& name) {
    InstanceRecord record = record_of(inputs, placed.load.plan.kernel_version);
    record.id = placed.instance.id;
    record.name = name;
    record.serial_port = placed.instance.serial_port;
    record.entry = placed.load.entry;
    if (const auto written = write_instance_record(session.run_root, record); !written)
        session.notices.add("{}; kexec -S will not know the kernel's path and command line", written.error().message);
}

// Makes the calls, the image first. The caller drops the image when a later one fails.
Result<> load_image(Session& session, const PlacedInstance& placed, std::uint64_t flags) {
    const auto loaded = session.kernel.load(placed.load.entry, segments_of(placed), flags);
    if (loaded)
        return {};
    CallContext context = read_call_context(session.files, false);
    context.instance = fmt::format("instance {}", placed.instance.id);
    return std::unexpected(refusal(module_load_call, loaded.error(), context));
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
        return std::unexpected(refusal(module_memory_call, got_memory.error(), context));
    const auto got_cpus =
        session.kernel.write_attribute(folder_of(instance.id) + "/cpus", logical_list(instance.cpus) + "\n");
    if (!got_cpus)
        return std::unexpected(refusal(module_cpus_call, got_cpus.error(), context));
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

Result<> refuse_without_meaning(const Options& options) {
    if (options.load_by == LoadBy::files)
        return fail(Errc::usage, "--multikernel does not go with -s on a stock kernel: this program places what an "
                                 "instance is loaded with");
    if (options.pool)
        return fail(Errc::usage, "on a stock kernel the pool is made by a command of its own: kexec "
                                 "--multikernel-pool=SIZE");
    return {};
}

} // namespace

Result<std::uint32_t> load_into_module(Session& session) {
    const Options& options = session.options;
    KX_TRY(refuse_without_meaning(options));
    const MultikernelFacts facts = KX_TRY(read_multikernel_facts(session.files));
    const DefinedLoad defined = KX_TRY(with_definition(options.instance, facts, session.files));
    LoadInputs inputs = KX_TRY(open_inputs(input_wishes(session.options), session.files, session.notices));
    const Instance instance = KX_TRY(choose_instance(defined, facts, session.files, session.notices));
    const PlacedInstance placed = KX_TRY(place_instance(session, inputs, instance));
    note_refusals(session, module_load_call.system_call, foreseen_causes(module_load_call, read_call_context(session.files, false)));
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

    // If writing our record fails, the record of an earlier image with this id would count as this image's.
    KX_TRY(remove_instance_record(session.run_root, placed.instance.id));
    KX_TRY(load_and_assign(session, placed, inputs));
    write_down(session, placed, inputs, defined.wanted.name);
    if (const auto kept = keep_handover(session.run_root, placed.instance.id, placed.handover.page); !kept)
        session.notices.add("{}; kexec --show-handover will not know what was handed over", kept.error().message);
    if (options.json)
        print(stdout, "{}", json_of(report));
    else
        print(stdout, "{}", text_of(*report.instance, "loaded"));
    return placed.instance.id;
}

} // namespace kx
