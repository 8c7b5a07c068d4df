// SPDX-License-Identifier: GPL-2.0-or-later
#include "load.h"

#include "crash_load.h"
#include "image/bzimage.h"
#include "load_inputs.h"
#include "placed_load.h"
#include "plan/report.h"
#include "system/call_context.h"
#include "uapi/kexec.h"
#include "verbs.h"

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
                                        {uapi::kexec_update_elfcorehdr, "KEXEC_UPDATE_ELFCOREHDR"}};
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

    // Without the architecture.
    std::uint64_t flags() const {
        if (!crash)
            return 0;
        return uapi::kexec_on_crash | (crash->kernel_updates ? uapi::kexec_update_elfcorehdr : 0);
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

// Ready for kexec_load: everything that can be refused without the call has been.
Result<SegmentsLoad> prepare_segments(Session& session, const LoadInputs& inputs) {
    const Options& options = session.options;
    SegmentsLoad load = KX_TRY(placed(session, inputs));
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

// What only a load by kexec_load obeys.
std::vector<std::string_view> options_of_segments(const Options& options) {
    std::vector<std::string_view> given;
    const auto note = [&given](bool is_given, std::string_view name) {
        if (is_given)
            given.push_back(name);
    };
    note(!options.checks, "-i");
    note(options.memory_limits != PhysRange{0, UINT64_MAX}, "--mem-min and --mem-max");
    note(options.entry != 0, "--entry");
    note(options.device_tree.has_value(), "--dtb");
    note(options.without_efi, "--noefi");
    note(options.serial_port || options.serial_baud || options.console_serial, "purgatory's serial line");
    note(options.elf32_core_headers, "--elf32-core-headers");
    note(options.memory_map_by_command_line, "--pass-memmap-cmdline");
    note(options.console_vga || options.reset_vga, "purgatory's VGA screen");
    return given;
}

// An option that only kexec_load obeys asks for it.
LoadBy way_to_load(const Options& options) {
    if (options.load_by == LoadBy::either && !options_of_segments(options).empty())
        return LoadBy::segments;
    return options.load_by;
}

// Ready for kexec_file_load: everything that can be refused without the call has been.
Result<ImageForKernel> prepare_files(Session& session, const LoadInputs& inputs) {
    KX_TRY(refuse_flag_collision(session));
    if (const auto ignored = options_of_segments(session.options); !ignored.empty())
        session.notices.add(
            "no effect on kexec_file_load, where the kernel places and brings its own purgatory (use -c): {}",
            fmt::join(ignored, ", "));
    if (session.options.hotplug && session.options.load_by == LoadBy::files)
        session.notices.add("--hotplug has no effect on kexec_file_load: a kernel that can keep the elfcorehdr up to "
                            "date does so for what it loaded itself, unasked");
    ImageForKernel image = KX_TRY(image_for_kernel(session.files, inputs));
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
    print_notices(session.notices);
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

Result<int> print_dry_run(Session& session, const LoadInputs& inputs) {
    const Options& options = session.options;
    const LoadBy way = way_to_load(options);
    LoadReport report = basic_report(inputs);
    if (way != LoadBy::segments) {
        KX_TRY(prepare_files(session, inputs));
        report.files = files_report(options, inputs);
    }

    Result<SegmentsLoad> load = SegmentsLoad{};
    if (way != LoadBy::files) {
        load = prepare_segments(session, inputs);
        if (load)
            add_segments(report, *load, options);
        else if (way == LoadBy::segments || load.error().code == Errc::not_this_format)
            return failed_by_segments(session, load.error());
        else
            report.no_segments = load.error().message;
    }
    KX_TRY(refuse_if_strict(session));
    report.notices = session.notices.texts();
    print_report(report, stdout, options.json);
    return exit_ok;
}

CallContext context_of(Session& session, const LoadInputs& inputs, std::uint64_t flags) {
    CallContext context = read_call_context(session.files, session.options.crash);
    context.flags = flags;
    context.command_line_size = inputs.request.command_line.size();
    context.kernel_file = inputs.request.kernel.path;
    if (inputs.request.initrd)
        context.initrd_file = inputs.request.initrd->path;
    if (const auto image = parse_bzimage(inputs.request.kernel.bytes.view()))
        context.command_line_limit = image->cmdline_size;
    return context;
}

// -u with a load: the old image goes once the new one is known to be sound.
Result<> unload_first(Session& session) {
    if (!session.options.unload)
        return {};
    if (KX_TRY(unload(session)) != exit_ok)
        return fail(Errc::unsupported, "the loaded kernel could not be dropped, so nothing was loaded");
    return {};
}

Result<> load_by_segments(Session& session, const LoadInputs& inputs, bool files_refused) {
    const SegmentsLoad load = KX_TRY(prepare_segments(session, inputs));
    KX_TRY(refuse_if_strict(session));
    if (session.options.debug) {
        LoadReport report = basic_report(inputs);
        add_segments(report, load, session.options);
        print_report(report, stderr, false);
    }
    if (!files_refused)
        KX_TRY(unload_first(session));

    std::vector<KernelSegment> segments;
    std::uint64_t total = 0;
    for (const Segment& segment : load.placed.placement.segments()) {
        segments.push_back({segment.content().view(), segment.memory()});
        total += segment.memory().size();
    }
    const std::uint64_t flags = load.placed.kexec_arch | load.flags();
    if (const auto loaded = session.kernel.load(load.placed.entry, segments, flags); !loaded) {
        CallContext context = context_of(session, inputs, flags);
        context.other_call_tried = files_refused;
        context.segments = segments.size();
        context.segments_size = total;
        return std::unexpected(refusal(Call::load_segments, loaded.error(), context));
    }
    return {};
}

// A debug flag that the kernel does not know never fails a load.
SysResult<> call_load_files(Session& session, const LoadInputs& inputs, int kernel_fd) {
    const std::uint64_t flags = file_flags(session.options, inputs);
    const int initrd_fd = inputs.initrd ? inputs.initrd->fd() : -1;
    const auto call = [&](std::uint64_t with) {
        return session.kernel.load_files(kernel_fd, initrd_fd, inputs.request.command_line, with);
    };
    const auto loaded = call(flags);
    if (!loaded && loaded.error().value == EINVAL && (flags & uapi::kexec_file_debug))
        return call(flags & ~uapi::kexec_file_debug);
    return loaded;
}

// A refusal by kexec_file_load; `may_fall_back` where other kexec programs go on with kexec_load.
struct FilesRefusal {
    Error why;
    bool may_fall_back;
};

// Nothing where the load was made.
Result<std::optional<FilesRefusal>> load_by_files(Session& session, const LoadInputs& inputs) {
    const ImageForKernel image = KX_TRY(prepare_files(session, inputs));
    KX_TRY(refuse_if_strict(session));
    if (session.options.debug) {
        LoadReport report = basic_report(inputs);
        report.files = files_report(session.options, inputs);
        print_report(report, stderr, false);
    }
    KX_TRY(unload_first(session));
    const auto answer = call_load_files(session, inputs, image.fd());
    if (answer)
        return std::nullopt;
    constexpr std::array fallback{ENOSYS, EINVAL, ENOEXEC, EOPNOTSUPP};
    const CallContext context = context_of(session, inputs, file_flags(session.options, inputs));
    return FilesRefusal{refusal(Call::load_files, answer.error(), context),
                        std::ranges::find(fallback, answer.error().value) != fallback.end()};
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

// Both ways failed: the first reason may be the one that matters.
Error both(const Error& files, const Error& segments) {
    return {segments.code, fmt::format("{}; before that, {}", segments.message, files.message)};
}

// By either call, the first that does it.
Result<int> load_kernel(Session& session, const LoadInputs& inputs) {
    const Options& options = session.options;
    const LoadBy way = way_to_load(options);
    std::optional<FilesRefusal> refused;
    if (way != LoadBy::segments) {
        refused = KX_TRY(load_by_files(session, inputs));
        if (refused && refused->may_fall_back && way == LoadBy::files)
            return failed(session, refused->why, exit_no_file_load);
        if (refused && !refused->may_fall_back)
            return std::unexpected(refused->why);
        if (refused && options.debug)
            print(stderr, "{}\nfalling back to kexec_load\n\n", printable(refused->why.message));
    }
    if (way == LoadBy::segments || refused) {
        const auto loaded = load_by_segments(session, inputs, refused.has_value());
        if (!loaded)
            return failed_by_segments(session, refused ? both(refused->why, loaded.error()) : loaded.error());
    }
    KX_TRY(keep_only_if_unchanged(session, inputs));
    if (options.sync && !options.crash && !options.start && !options.shut_down)
        session.kernel.sync_filesystems();
    return exit_ok;
}

} // namespace

Result<int> load(Session& session) {
    const Options& options = session.options;
    if (options.crash && no_crash_reservation(session.files)) {
        print(stderr, "kexec: no memory is reserved for a crash kernel; boot with crashkernel=SIZE (256M, say)\n");
        return exit_usage;
    }
    const LoadInputs inputs = KX_TRY(open_inputs(session));
    return options.dry_run ? print_dry_run(session, inputs) : load_kernel(session, inputs);
}

} // namespace kx
