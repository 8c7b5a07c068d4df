// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/load.h"

#include "include/uapi/kexec.h"
#include "include/uapi/multikernel.h"
#include "kexec/core/command_line.h"
#include "kexec/load/inputs.h"
#include "kexec/load/report.h"
#include "kexec/machine/kho.h"
#include "kexec/program/foreseen.h"
#include "kexec/program/load_wishes.h"
#include "kexec/system/call_context.h"
#include "multikernel/native/refusals.h"
#include "multikernel/core/wish.h"
#include "multikernel/instance/lifecycle.h"
#include "multikernel/native/checks.h"
#include "multikernel/native/choice.h"
#include "multikernel/native/history.h"
#include "multikernel/native/kernel.h"
#include "multikernel/native/transaction.h"
#include "multikernel/placed/load_record.h"
#include "multikernel/placed/own_machine.h"
#include "multikernel/records/known_cpus.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kx {
namespace {

struct PlannedNative {
    NativePlan plan;
    std::vector<AddedParameter> added;
    NativeKernel kernel;
    std::uint64_t flags = 0;
};

// What this load made, to be removed when it fails: but not after an answer to the load that makes that dangerous.
struct Made {
    bool pool = false;
    std::optional<NativeInstance> instance;
    bool must_stay = false;
};

Result<> refuse_without_meaning(const Options& options) {
    const std::pair<bool, std::string_view> without_meaning[] = {
        {options.load_by == LoadBy::segments, "-c: this kernel loads instances by kexec_file_load"},
        {options.instance.kho_fdt.has_value(), "--kho-fdt: this kernel hands over to its instances itself"},
        {options.device_tree.has_value(), "--dtb: an instance gets its device tree from the running kernel "
                                          "(--instance-dtb gives it a chosen node)"},
        {options.instance.serial_port.has_value(),
         "--serial-port: the console of an instance is mktty0, read through /dev/mktty"},
        {!options.checks || options.console_serial || options.serial_port || options.serial_baud,
         "what is for purgatory (-i, --console-serial, --serial, --serial-baud): there is none in the way"},
        {options.without_efi, "--noefi: an instance gets no EFI"},
    };
    for (const auto& [given, text] : without_meaning) {
        if (given)
            return fail(Errc::usage, "no effect on a multikernel kernel: {}", text);
    }
    return {};
}

Result<std::vector<AddedParameter>> parameters_for(const Options& options, std::string_view given) {
    const InstanceOptions& wanted = options.instance;
    if (wanted.exact_command_line)
        return std::vector<AddedParameter>{};
    auto added = native_parameters(given, !wanted.no_serial_port);
    if (!added.empty() && std::ranges::count(given, '"') % 2 != 0)
        return fail(Errc::usage,
                    "the command line ends inside quotes: {}, which has to be added, would become part of "
                    "it (--exact-cmdline adds nothing)",
                    added.front().text);
    return added;
}

// A longer one would be cut off by the instance's kernel; /proc/kimage, which shows it, has a line an image.
Result<> check_command_line(std::string_view line) {
    constexpr std::size_t longest = 2047; // x86: COMMAND_LINE_SIZE without the NUL
    if (line.size() > longest)
        return fail(Errc::unsupported, "the command line has {} characters; a kernel takes {}", line.size(), longest);
    if (line.contains('\n'))
        return fail(Errc::usage, "the command line of an instance has to be one line");
    return {};
}

Result<> check_size(const PlannedNative& planned, const LoadInputs& inputs, std::span<const PhysRange> memory) {
    const NativePlan& plan = planned.plan;
    return check_native_room(plan.shown(), planned.kernel.image,
                             inputs.request.initrd ? inputs.request.initrd->bytes.size() : 0, memory,
                             total_size(plan.memory) - total_size(plan.created));
}

Result<PlannedNative> plan(Session& session, LoadInputs& inputs, const NativeFacts& facts) {
    const Options& options = session.options;
    KX_TRY(refuse_without_meaning(options));
    if (!options.type.empty())
        session.notices.add("--type={} has no effect on a multikernel kernel, which loads a vmlinux only",
                            options.type);
    KX_TRY(refuse_beside_kho(session.files));
    PlannedNative planned;
    planned.plan = KX_TRY(plan_native(options, facts, session.notices));
    if (planned.plan.pool)
        KX_TRY(check_new_pool(*planned.plan.pool, facts, KX_TRY(read_online_cpus(session.files))));
    std::string& command_line = inputs.request.command_line;
    planned.added = KX_TRY(parameters_for(options, command_line));
    command_line = with_parameters(command_line, planned.added);
    KX_TRY(check_command_line(command_line));
    planned.kernel =
        KX_TRY(within(inputs.request.kernel.path, read_native_kernel(session.files, inputs.kernel.bytes())));
    KX_TRY(check_size(planned, inputs,
                      planned.plan.create ? memory_to_come(planned.plan.memory_size) : planned.plan.created));
    planned.flags = KEXEC_MULTIKERNEL | std::uint64_t{planned.plan.id} << KEXEC_MK_ID_SHIFT |
                    (inputs.request.initrd ? 0 : uapi::kexec_file_no_initramfs);
    KX_TRY(inputs.unchanged());
    return planned;
}

LoadReport report_of(const PlannedNative& planned, const LoadInputs& inputs) {
    LoadReport report;
    report.kernel_path = inputs.request.kernel.path;
    if (inputs.request.initrd)
        report.initrd_path = inputs.request.initrd->path;
    report.command_line = inputs.request.command_line;
    report.format = fmt::format("ELF vmlinux with multikernel note {:#x}", planned.kernel.image.note_type);
    report.kernel_version = planned.kernel.version;
    report.files = FilesReport{{"KEXEC_MULTIKERNEL"}};
    if (!inputs.request.initrd)
        report.files->flags.push_back("KEXEC_FILE_NO_INITRAMFS");
    const NativePlan& plan = planned.plan;
    NativeReport native{.id = plan.id,
                        .name = plan.name,
                        .cpus = {},
                        .memory_size = plan.memory_size,
                        .memory = plan.memory,
                        .added = {},
                        .image_size = planned.kernel.image.memory.size(),
                        .pool_source = {},
                        .overlay_source = {}};
    for (const NamedCpu& cpu : plan.cpus)
        native.cpus.push_back({cpu.logical, cpu.physical});
    for (const AddedParameter& parameter : planned.added)
        native.added.push_back({parameter.text, parameter.why});
    if (plan.pool)
        native.pool_source = device_tree_source(baseline_of(*plan.pool));
    if (plan.create)
        native.overlay_source =
            device_tree_source(Overlay(fmt::format("create {}", plan.name)).create(*plan.create).tree());
    report.native = std::move(native);
    return report;
}

std::string errno_name(int error) {
    const char* name = strerrorname_np(error);
    return name ? name : fmt::format("errno {}", error);
}

Result<> remove_made(const InstanceControl& control, const NativeInstance& made) {
    const NativeFacts facts = KX_TRY(read_native_facts(control));
    const NativeInstance* now = facts.find(std::string_view(made.name));
    return now ? remove_instance(control, *now) : Result<>{};
}

// The error, with what was removed again.
Error undone(const InstanceControl& control, const Made& made, Error error) {
    Result<> removed;
    if (made.must_stay) {
        if (made.instance)
            error.message += fmt::format(" The instance{}, which this load had made, {} for that reason.",
                                         made.pool ? " and the pool" : "", made.pool ? "stay" : "stays");
        return error;
    }
    if (made.instance) {
        removed = remove_made(control, *made.instance);
        error.message += removed ? "; the instance, which this load had created, was removed again"
                                 : fmt::format("; the instance, which this load had created, could not be removed: {}",
                                               removed.error().message);
    }
    if (made.pool && removed) {
        const auto dissolved = dissolve_pool(control);
        error.message += dissolved ? "; so was the pool"
                                   : fmt::format("; the pool could not be given back: {}", dissolved.error().message);
    }
    return error;
}

Result<> make(const InstanceControl& control, const NativePlan& plan, Made& made) {
    if (plan.pool) {
        KX_TRY(make_pool(control, *plan.pool));
        made.pool = true;
    }
    if (plan.create)
        made.instance = KX_TRY(create_instance(control, *plan.create));
    return {};
}

Result<NativeInstance> instance_now(const InstanceControl& control, const NativePlan& plan) {
    const NativeFacts facts = KX_TRY(read_native_facts(control));
    if (const NativeInstance* instance = facts.find(plan.id))
        return *instance;
    return fail(Errc::not_found, "{} is gone meanwhile", plan.shown());
}

// Noted before the call: should this program end in it, nobody knows what it left behind.
Result<> note_begin(const InstanceControl& control, const NativePlan& plan) {
    const NativeInstance instance = KX_TRY(instance_now(control, plan));
    KX_TRY(refuse_if_left_alone(instance));
    NativeRecord record = native_record_of(control, instance);
    record.load = load_under_way;
    return write_native_record(control.run_root, record);
}

// An image that a load left which failed is in /proc/kimage; where there is none, the load changed nothing.
Result<> note_end(const InstanceControl& control, const NativePlan& plan, const SysResult<>& loaded) {
    const NativeInstance instance = KX_TRY(instance_now(control, plan));
    NativeRecord record = native_record_of(control, instance);
    const bool harmless = loaded || removable_after_load(loaded.error());
    record.load = harmless ? std::string() : errno_name(loaded.error().value);
    if (loaded)
        record.broken_by.clear();
    else if (harmless && instance.image && !untouched_by_load(loaded.error()))
        record.broken_by = errno_name(loaded.error().value);
    return write_native_record(control.run_root, record);
}

Result<> load_image(Session& session, const PlannedNative& planned, const LoadInputs& inputs, Made& made) {
    const InstanceControl control = session.control();
    const FileDescriptor kernel = KX_TRY(sealed_memfd(inputs.request.kernel.path, planned.kernel.elf.view()));
    const int initrd = inputs.initrd ? inputs.initrd->fd() : -1;
    KX_TRY(note_begin(control, planned.plan));
    const auto loaded = session.kernel.load_files(kernel.get(), initrd, inputs.request.command_line, planned.flags);
    made.must_stay = !loaded && !removable_after_load(loaded.error());
    if (const auto noted = note_end(control, planned.plan, loaded); !noted)
        session.notices.add("{}: {}", planned.plan.shown(), noted.error().message);
    if (loaded)
        return {};
    CallContext context = read_call_context(session.files, false);
    context.instance = planned.plan.shown();
    context.flags = planned.flags;
    const auto facts = read_native_facts(control);
    if (const NativeInstance* instance = facts ? facts->find(planned.plan.id) : nullptr) {
        context.halted_by_force = instance->halted_by_force;
        context.cpu_words = fmt::format("apic:{:#x}", fmt::join(instance->cpus, ",apic:"));
        context.cpus = context.cpu_words;
    }
    return std::unexpected(refusal(native_load_call, loaded.error(), context));
}

Result<InstanceView> loaded_instance(const InstanceControl& control, const NativePlan& plan) {
    const auto all = KX_TRY(read_instances(control.files, MultikernelDialect::native));
    InstanceView instance = KX_TRY(choose_instance(all, {.id = plan.id, .name = {}}));
    if (instance.status != "loaded")
        return fail(Errc::io, "the kernel took the load, and {} is \"{}\" all the same; look at dmesg", plan.shown(),
                    instance.status);
    return instance;
}

// A file that changed under the load may have been loaded half old, half new: that is dropped again.
Result<> keep_only_if_unchanged(const InstanceControl& control, const InstanceView& instance,
                                const LoadInputs& inputs) {
    const auto same = inputs.unchanged();
    if (same)
        return {};
    const auto dropped = unload_instance(control, instance);
    return fail(same.error().code, "{}; {}", same.error().message,
                dropped ? "the kernel was dropped again" : "dropping it failed: " + dropped.error().message);
}

Result<InstanceView> load_into(Session& session, const PlannedNative& planned, const LoadInputs& inputs, Made& made) {
    const InstanceControl control = session.control();
    KX_TRY(make(control, planned.plan, made));
    if (made.instance)
        KX_TRY(check_size(planned, inputs, made.instance->memory));
    // If writing our record fails, the record of an earlier image with this id would count as this image's.
    KX_TRY(remove_instance_record(session.run_root, planned.plan.id));
    KX_TRY(load_image(session, planned, inputs, made));
    InstanceView instance = KX_TRY(loaded_instance(control, planned.plan));
    KX_TRY(keep_only_if_unchanged(control, instance, inputs));
    return instance;
}

void write_down(Session& session, const PlannedNative& planned, const LoadInputs& inputs,
                const InstanceView& instance) {
    InstanceRecord record = record_of(inputs, planned.kernel.version);
    record.id = planned.plan.id;
    record.name = planned.plan.name;
    record.entry = instance.image ? instance.image->entry : 0;
    if (const auto written = write_instance_record(session.run_root, record); !written)
        session.notices.add("{}; kexec -S will not know the kernel's path", written.error().message);
}

} // namespace

Result<std::uint32_t> load_into_native(Session& session) {
    const Options& options = session.options;
    const NativeFacts facts = KX_TRY(read_native_facts(session.control()));
    LoadInputs inputs = KX_TRY(open_inputs(input_wishes(session.options), session.files, session.notices));
    const PlannedNative planned = KX_TRY(plan(session, inputs, facts));
    note_refusals(session, native_load_call.system_call, foreseen_causes(native_load_call, read_call_context(session.files, false)));
    KX_TRY(refuse_if_strict(session));
    LoadReport report = report_of(planned, inputs);
    if (options.dry_run) {
        report.notices = session.notices.texts();
        print(stdout, "{}", options.json ? json_of(report) : text_of(report));
        return planned.plan.id;
    }
    if (options.debug)
        print(stderr, "{}", text_of(report));

    Made made;
    const auto loaded = load_into(session, planned, inputs, made);
    if (!loaded)
        return std::unexpected(undone(session.control(), made, loaded.error()));
    write_down(session, planned, inputs, *loaded);
    report.native->memory = loaded->memory;
    report.native->memory_size = total_size(loaded->memory);
    if (options.json)
        print(stdout, "{}", json_of(report));
    else
        print(stdout, "{}", text_of(*report.native, "loaded"));
    return planned.plan.id;
}

} // namespace kx
