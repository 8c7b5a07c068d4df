// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/load.h"

#include "include/uapi/kexec.h"
#include "kexec/core/terminal_text.h"
#include "kexec/load/inputs.h"
#include "kexec/load/placed_load.h"
#include "kexec/load/report.h"
#include "kexec/machine/capabilities.h"
#include "kexec/machine/debug_flag.h"
#include "kexec/machine/xen.h"
#include "kexec/program/crash_load.h"
#include "kexec/program/foreseen.h"
#include "kexec/program/load_wishes.h"
#include "kexec/program/verbs.h"
#include "kexec/program/ways_to_load.h"
#include "kexec/system/errno_causes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

namespace kx {
namespace {

struct FlagName {
    std::uint64_t flag;
    const char* name;
};
constexpr FlagName load_flag_names[] = {{uapi::kexec_on_crash, "KEXEC_ON_CRASH"},
                                        {uapi::kexec_update_elfcorehdr, "KEXEC_UPDATE_ELFCOREHDR"},
                                        {uapi::kexec_debug, "KEXEC_DEBUG"}};
constexpr FlagName file_flag_names[] = {{uapi::kexec_file_on_crash, "KEXEC_FILE_ON_CRASH"},
                                        {uapi::kexec_file_no_initramfs, "KEXEC_FILE_NO_INITRAMFS"},
                                        {uapi::kexec_file_debug, "KEXEC_FILE_DEBUG"},
                                        {uapi::kexec_file_no_cma, "KEXEC_FILE_NO_CMA"},
                                        {uapi::kexec_file_force_dtb, "KEXEC_FILE_FORCE_DTB"}};

std::vector<std::string> names_of(std::uint64_t flags, std::span<const FlagName> known) {
    std::vector<std::string> names;
    for (const FlagName& row : known) {
        if (flags & row.flag)
            names.push_back(row.name);
    }
    return names;
}

// A load by kexec_load.
struct SegmentsLoad {
    PlacedLoad placed;
    std::optional<CrashReport> crash;
    bool debug = false; // KEXEC_DEBUG may be asked for

    // Without the architecture.
    std::uint64_t flags() const {
        const std::uint64_t debug_flag = debug ? uapi::kexec_debug : 0;
        if (!crash)
            return debug_flag;
        return debug_flag | uapi::kexec_on_crash | (crash->kernel_updates ? uapi::kexec_update_elfcorehdr : 0);
    }
};

std::uint64_t file_flags(const Options& options, const LoadInputs& inputs) {
    return (options.crash ? uapi::kexec_file_on_crash : 0) |
           (inputs.request.initrd ? 0 : uapi::kexec_file_no_initramfs) | (options.debug ? uapi::kexec_file_debug : 0) |
           (options.no_cma ? uapi::kexec_file_no_cma : 0) |
           (options.force_device_tree ? uapi::kexec_file_force_dtb : 0);
}

PurgatoryOptions purgatory_options(const Options& options) {
    return {.verify = options.checks,
            .serial_base = options.serial_port,
            .serial_baud = options.serial_baud,
            .chatty = options.console_serial || options.console_vga,
            .vga_text = options.console_vga,
            .reset_vga = options.reset_vga};
}

// The kernel would take any number.
Result<std::uint64_t> entry_inside(const Placement& placement, std::uint64_t entry) {
    const auto holds = [entry](const Segment& segment) { return segment.memory().contains(entry); };
    if (std::ranges::none_of(placement.segments(), holds))
        return fail(Errc::usage, "--entry={:#x} lies in no segment of this load; --dry-run shows them", entry);
    return entry;
}

Result<SegmentsLoad> placed(Session& session, const LoadInputs& inputs) {
    const PurgatoryOptions purgatory = purgatory_options(session.options);
    if (session.options.crash) {
        CrashLoad crash = KX_TRY(place_crash_load(session, inputs, purgatory));
        return SegmentsLoad{std::move(crash.load), std::move(crash.report)};
    }
    const Machine machine = KX_TRY(read_machine(session.files, session.notices));
    return SegmentsLoad{KX_TRY(place_load(inputs.request, purgatory, machine, {}, session.notices)), std::nullopt};
}

CallContext segments_context(Session& session, const LoadInputs& inputs, const SegmentsLoad& load) {
    CallContext context = context_of_load(session, Call::load_segments, inputs);
    context.flags = load.placed.kexec_arch | load.flags();
    context.segments_size = 0;
    for (const Segment& segment : load.placed.placement.segments())
        *context.segments_size += segment.memory().size();
    context.segments = load.placed.placement.segments().size();
    return context;
}

// Ready for kexec_load: everything that can be refused without the call has been.
Result<SegmentsLoad> prepare_segments(Session& session, const LoadInputs& inputs) {
    const Options& options = session.options;
    SegmentsLoad load = KX_TRY(placed(session, inputs));
    load.debug = options.debug && load_knows_debug_flag(session.files) && may_try_debug_flag(session);
    note_refusals(session, Call::load_segments, segments_context(session, inputs, load));
    note_consequences(session, Call::load_segments, inputs);
    if (options.entry) {
        load.placed.entry = KX_TRY(entry_inside(load.placed.placement, options.entry));
        const bool loses_low_memory = load.crash && load.crash->backup;
        session.notices.add("--entry={:#x} passes purgatory by: nothing is checked, and no register is set{}",
                            options.entry,
                            loses_low_memory ? ", and the low memory that the crash kernel runs over is not copied: a "
                                               "dump will not have it"
                                             : "");
    }
    if (options.no_cma || options.force_device_tree)
        session.notices.add("--no-cma and --force-dtb have no effect on kexec_load");
    KX_TRY(inputs.unchanged());
    return load;
}

LoadReport basic_report(const LoadInputs& inputs) {
    LoadReport report;
    report.kernel_path = inputs.request.kernel.path;
    if (inputs.request.initrd)
        report.initrd_path = inputs.request.initrd->path;
    report.command_line = inputs.request.command_line;
    return report;
}

void add_segments(LoadReport& report, const SegmentsLoad& load, const Options& options) {
    report.format = load.placed.plan.format;
    report.kernel_version = load.placed.plan.kernel_version;
    report.command_line = load.placed.plan.command_line;
    report.crash = load.crash;
    report.segments = SegmentsReport{.placement = &load.placed.placement,
                                     .free_ram = load.placed.free_ram,
                                     .entry = load.placed.entry,
                                     .kernel_entry = load.placed.kernel_entry,
                                     .flags = names_of(load.flags(), load_flag_names),
                                     .past_purgatory = options.entry != 0,
                                     .verified = options.checks && !options.entry};
}

bool has_call(Session& session, std::string_view name) {
    const auto capabilities = read_capabilities(session.files);
    const auto found = std::ranges::find(capabilities, name, &Capability::name);
    return found == capabilities.end() || found->state != CapabilityState::no;
}

// Nothing is known that keeps the kernel from a load by kexec_load.
bool segments_may_be_loaded(Session& session, const LoadInputs& inputs) {
    const CallContext context = context_of_load(session, Call::load_segments, inputs);
    return has_call(session, capability_names::kexec_load) && foreseen_causes(Call::load_segments, context).empty();
}

// Ready for kexec_file_load: everything that can be refused without the call has been. `segments_refused`: kexec_load
// was tried before, or is known not to do it.
Result<ImageForKernel> prepare_files(Session& session, const LoadInputs& inputs, bool segments_refused) {
    if (session.options.no_cma || session.options.force_device_tree)
        KX_TRY(refuse_flag_collision(session.files));
    if (const auto ignored = without_effect_by_files(session.options); !ignored.empty())
        session.notices.add("no effect on kexec_file_load, where the kernel places and brings its own purgatory{}: {}",
                            !segments_refused && segments_may_be_loaded(session, inputs) ? " (use -c)" : "",
                            fmt::join(ignored, ", "));
    if (session.options.hotplug && session.options.load_by == LoadBy::files)
        session.notices.add("--hotplug has no effect on kexec_file_load: a kernel that can keep the elfcorehdr up to "
                            "date does so for what it loaded itself, unasked");
    ImageForKernel image = KX_TRY(image_for_kernel(session.files, inputs, session.notices));
    note_refusals(session, Call::load_files, context_of_load(session, Call::load_files, inputs));
    note_consequences(session, Call::load_files, inputs);
    KX_TRY(inputs.unchanged());
    return image;
}

void print_report(const LoadReport& report, std::FILE* to, bool json) {
    print(to, "{}", json ? json_of(report) : text_of(report));
}

FilesReport files_report(const Options& options, const LoadInputs& inputs) {
    return {names_of(file_flags(options, inputs), file_flag_names)};
}

// For errors whose exit code is not that of their kind.
int failed(Session& session, const Error& error, int code) {
    session.notices.tell();
    print_message(stderr, "kexec", error.message);
    return code;
}

// A load by kexec_load was not made. Of a crash kernel the exit code tells whether there is memory for one.
Result<int> failed_by_segments(Session& session, const Error& error) {
    if (!session.options.crash || error.code == Errc::usage)
        return std::unexpected(error);
    const auto iomem = read_iomem(session.files);
    if (!iomem)
        return failed(session, error, exit_no_crash_memory);
    return failed(session, error, ranges_named(*iomem, "Crash kernel").empty() ? exit_usage : exit_failure);
}

// What -a would do where kexec_load comes first and cannot do it; nothing where nothing can.
Result<> plan_files_instead(Session& session, const LoadInputs& inputs, LoadReport& report, const Error& why) {
    if (!files_may_do_it(why))
        return std::unexpected(why);
    session.notices.add("not by kexec_load: {}", why.message);
    KX_TRY(prepare_files(session, inputs, true));
    report.files = files_report(session.options, inputs);
    return {};
}

// The part of a dry run that is about kexec_load.
Result<> plan_segments(Session& session, const LoadInputs& inputs, LoadReport& report, SegmentsLoad& load) {
    auto planned = prepare_segments(session, inputs);
    if (planned) {
        load = *std::move(planned);
        add_segments(report, load, session.options);
        return {};
    }
    const Error& why = planned.error();
    const bool only_way = session.options.load_by == LoadBy::segments;
    if (!only_way && !report.files)
        return plan_files_instead(session, inputs, report, why);
    if (only_way || (why.code == Errc::not_this_format && !is_of_known_format(session.files, inputs)))
        return std::unexpected(why);
    report.no_segments = why.message;
    return {};
}

Result<int> print_dry_run(Session& session, const LoadInputs& inputs) {
    const Options& options = session.options;
    const std::vector<Way> ways = ways_to_load(options);
    LoadReport report = basic_report(inputs);
    if (ways.front() == Way::files) {
        KX_TRY(prepare_files(session, inputs, false));
        report.files = files_report(options, inputs);
    }
    SegmentsLoad load;
    if (options.load_by != LoadBy::files) {
        const auto planned = plan_segments(session, inputs, report, load);
        if (!planned)
            return failed_by_segments(session, planned.error());
    }
    KX_TRY(refuse_if_strict(session));
    report.notices = session.notices.texts();
    print_report(report, stdout, options.json);
    return exit_ok;
}

// -u with a load: the old image goes once the new one is known to be sound.
Result<> unload_first(Session& session) {
    if (!session.options.unload)
        return {};
    if (KX_TRY(unload(session)) != exit_ok)
        return fail(Errc::unsupported, "the loaded kernel could not be dropped, so nothing was loaded");
    return {};
}

// A debug flag that the kernel does not know never fails a load.
SysResult<> call_load(Session& session, const SegmentsLoad& load) {
    std::vector<KernelSegment> segments;
    for (const Segment& segment : load.placed.placement.segments())
        segments.push_back({segment.content().view(), segment.memory()});
    const std::uint64_t flags = load.placed.kexec_arch | load.flags();
    const auto loaded = session.kernel.load(load.placed.entry, segments, flags);
    if (!loaded && loaded.error().value == EINVAL && load.debug)
        return session.kernel.load(load.placed.entry, segments, flags & ~uapi::kexec_debug);
    return loaded;
}

// Whether kexec_load would make the load that kexec_file_load refused, as far as can be known without the call.
bool segments_would_do(Session& session, const LoadInputs& inputs) {
    Notices unused;
    Session trial{session.options, session.files, session.kernel, unused, session.run_root};
    if (!has_call(session, capability_names::kexec_load))
        return false;
    const auto load = prepare_segments(trial, inputs);
    return load && foreseen_causes(Call::load_segments, segments_context(trial, inputs, *load)).empty();
}

// A load that was not made in one way: `other_may` where the other one is to be tried, `called` where it was the kernel
// that refused it.
struct Refused {
    Error why;
    bool other_may;
    bool called;
};

// `before`: how the other way ended, nullptr where this is the first one.
Result<std::optional<Refused>> load_by_segments(Session& session, const LoadInputs& inputs, const Refused* before) {
    const auto prepared = prepare_segments(session, inputs);
    if (!prepared)
        return Refused{prepared.error(), files_may_do_it(prepared.error()), false};
    const SegmentsLoad& load = *prepared;
    KX_TRY(refuse_if_strict(session));
    if (session.options.debug) {
        LoadReport report = basic_report(inputs);
        add_segments(report, load, session.options);
        print_report(report, stderr, false);
    }
    if (!before || !before->called)
        KX_TRY(unload_first(session));

    const auto loaded = call_load(session, load);
    if (loaded)
        return std::nullopt;
    CallContext context = segments_context(session, inputs, load);
    context.other_call_tried = before && before->called;
    if (!has_call(session, capability_names::kexec_file_load))
        context.other_call_does = false;
    constexpr std::array not_allowed{EPERM, EACCES, ENOSYS};
    return Refused{refusal(Call::load_segments, loaded.error(), context),
                   std::ranges::find(not_allowed, loaded.error().value) != not_allowed.end(), true};
}

// A debug flag that the kernel does not know never fails a load.
SysResult<> call_load_files(Session& session, const LoadInputs& inputs, int kernel_fd) {
    std::uint64_t flags = file_flags(session.options, inputs);
    if (!may_try_debug_flag(session))
        flags &= ~uapi::kexec_file_debug;
    const int initrd_fd = inputs.initrd ? inputs.initrd->fd() : -1;
    const auto call = [&](std::uint64_t with) {
        return session.kernel.load_files(kernel_fd, initrd_fd, inputs.request.command_line, with);
    };
    const auto loaded = call(flags);
    if (!loaded && loaded.error().value == EINVAL && (flags & uapi::kexec_file_debug))
        return call(flags & ~uapi::kexec_file_debug);
    return loaded;
}

Result<std::optional<Refused>> load_by_files(Session& session, const LoadInputs& inputs, const Refused* before) {
    const ImageForKernel image = KX_TRY(prepare_files(session, inputs, before != nullptr));
    KX_TRY(refuse_if_strict(session));
    if (session.options.debug) {
        LoadReport report = basic_report(inputs);
        report.files = files_report(session.options, inputs);
        print_report(report, stderr, false);
    }
    if (!before || !before->called)
        KX_TRY(unload_first(session));
    const auto answer = call_load_files(session, inputs, image.fd());
    if (answer)
        return std::nullopt;
    constexpr std::array fallback{ENOSYS, EINVAL, ENOEXEC, EOPNOTSUPP}; // of every kexec program
    const bool may_fall_back = std::ranges::find(fallback, answer.error().value) != fallback.end();
    CallContext context = context_of_load(session, Call::load_files, inputs);
    context.flags = file_flags(session.options, inputs);
    context.other_call_tried = before && before->called;
    if (!may_fall_back || session.options.load_by == LoadBy::files)
        context.other_call_does = segments_would_do(session, inputs);
    return Refused{refusal(Call::load_files, answer.error(), context), may_fall_back, true};
}

// A file that changed under the load may have been loaded half old, half new: that is dropped again.
Result<> keep_only_if_unchanged(Session& session, const LoadInputs& inputs) {
    const auto same = inputs.unchanged();
    if (same)
        return {};
    const bool dropped = unload(session).has_value();
    return fail(same.error().code, "{}; {}", same.error().message,
                dropped ? "the load was dropped again" : "dropping the load failed: do not start it");
}

// In one way. The notes about it count only where the load ends with it.
Result<std::optional<Refused>> load_by(Way way, bool is_last, Session& session, const LoadInputs& inputs,
                                       const Refused* before) {
    KX_TRY(refuse_if_strict(session));
    Notices about_it;
    Session by_it{session.options, session.files, session.kernel, about_it, session.run_root};
    auto refused = way == Way::files ? load_by_files(by_it, inputs, before) : load_by_segments(by_it, inputs, before);
    const bool goes_on = !is_last && refused && *refused && (*refused)->other_may;
    for (const std::string& text : about_it.take()) {
        if (!goes_on)
            session.notices.add("{}", text);
    }
    return refused;
}

// Where both ways failed, the first reason may be the one that matters.
Result<int> not_loaded(Session& session, Way last, const Refused& refused, const Refused* before) {
    Error why = refused.why;
    if (before)
        why.message += fmt::format("; before that, {}", before->why.message);
    if (session.options.load_by == LoadBy::files && refused.other_may)
        return failed(session, why, exit_no_file_load);
    if (last == Way::segments)
        return failed_by_segments(session, why);
    return std::unexpected(why);
}

// By either call, the first that does it.
Result<int> load_kernel(Session& session, const LoadInputs& inputs) {
    const Options& options = session.options;
    const std::vector<Way> ways = ways_to_load(options);
    std::optional<Refused> before;
    for (const Way way : ways) {
        const bool is_last = way == ways.back();
        auto refused = KX_TRY(load_by(way, is_last, session, inputs, before ? &*before : nullptr));
        if (!refused)
            break;
        if (is_last || !refused->other_may)
            return not_loaded(session, way, *refused, before ? &*before : nullptr);
        if (options.debug)
            print(stderr, "{}\nfalling back to {}\n\n", printable(refused->why.message), name_of(ways.back()));
        before = std::move(refused);
    }
    KX_TRY(keep_only_if_unchanged(session, inputs));
    if (options.sync && !options.crash && !options.start && !options.shut_down)
        session.kernel.sync_filesystems();
    return exit_ok;
}

} // namespace

Result<int> load(Session& session) {
    const Options& options = session.options;
    KX_TRY(refuse_xen(session.files));
    if (options.crash && no_crash_reservation(session.files)) {
        print(stderr, "kexec: no memory is reserved for a crash kernel; boot with crashkernel=SIZE (256M, say)\n");
        return exit_usage;
    }
    const LoadInputs inputs = KX_TRY(open_inputs(input_wishes(session.options), session.files, session.notices));
    return options.dry_run ? print_dry_run(session, inputs) : load_kernel(session, inputs);
}

} // namespace kx
