// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/instance/lifecycle.h"

#include "include/uapi/kexec.h"
#include "include/uapi/multikernel.h"
#include "kexec/machine/kho.h"
#include "kexec/machine/xen.h"
#include "kexec/system/call_context.h"
#include "multikernel/module/refusals.h"
#include "multikernel/native/refusals.h"
#include "multikernel/module/host_cpus.h"
#include "multikernel/native/history.h"
#include "multikernel/records/record.h"

#include <cerrno>
#include <thread>

namespace kx {
namespace {

constexpr std::uint32_t no_cpu = UINT32_MAX; // these kernels do not read it: the instance has its CPUs

bool of_module(const InstanceView& instance) {
    return instance.dialect == MultikernelDialect::module;
}

// As commands take them.
std::string words_of(std::span<const NamedCpu> cpus) {
    std::string words;
    for (const NamedCpu& cpu : cpus)
        words += fmt::format("{}apic:{:#x}", words.empty() ? "" : ",", cpu.physical);
    return words;
}

CallContext context_of(const InstanceControl& control, const InstanceView& instance) {
    CallContext context = read_call_context(control.files, false);
    context.instance = instance.shown();
    context.instance_id = fmt::format("{}", instance.id);
    context.cpus = text_of(instance.cpus);
    context.cpu_words = words_of(instance.cpus);
    context.commands = control.commands;
    context.halted_by_force = instance.halted_by_force;
    return context;
}

Result<> refuse(const InstanceCall& call, Errno error, const InstanceControl& control, const InstanceView& instance) {
    return std::unexpected(refusal(call, error, context_of(control, instance)));
}

// It misses memory that it was created with, where its image may lie and somebody else's be now.
Result<> refuse_left_alone(const InstanceView& instance) {
    if (instance.left_alone.empty())
        return {};
    return fail(Errc::unsupported, "{}: {}; leave it alone until the next boot", instance.shown(), instance.left_alone);
}

std::uint64_t id_flags(const InstanceView& instance) {
    return KEXEC_MULTIKERNEL | static_cast<std::uint64_t>(instance.id) << KEXEC_MK_ID_SHIFT;
}

// The CPUs as the module calls them: it knows every one.
std::vector<Cpu> module_cpus(const InstanceView& instance) {
    std::vector<Cpu> cpus;
    for (const NamedCpu& cpu : instance.cpus)
        cpus.push_back({cpu.logical.value_or(0), static_cast<std::uint32_t>(cpu.physical)});
    return cpus;
}

Result<InstanceView> again(const InstanceControl& control, const InstanceView& instance) {
    const auto all = KX_TRY(read_instances(control.files, instance.dialect));
    return choose_instance(all, {.id = instance.id, .name = {}});
}

// Where it cannot be written the user is told: what is told of the instance later may be wrong then.
void change_record(const InstanceControl& control, const InstanceView& instance, auto change) {
    if (of_module(instance) || control.rehearsed)
        return;
    const auto facts = read_native_facts(control);
    const NativeInstance* found = facts ? facts->find(instance.id) : nullptr;
    if (!found)
        return;
    NativeRecord record = native_record_of(control, *found);
    const bool said_nothing = record.says_nothing();
    change(record);
    if (said_nothing && record.says_nothing())
        return;
    if (const auto written = write_native_record(control.run_root, record); !written)
        control.notices.add("{}; how the halt or start of {} ended is not kept", written.error().message,
                            instance.shown());
}

// multikernel.ko answers only once the CPUs stand.
Result<> look_at_halt(const InstanceControl& control, const InstanceView& instance, bool force) {
    if (of_module(instance))
        return {};
    const auto now = again(control, instance);
    if (now && now->active() && !control.rehearsed)
        return fail(
            Errc::io, "{}: the kernel took the halt, and says that the instance is still active; look at dmesg{}",
            instance.shown(),
            force ? std::string()
                  : ", and stop it without asking: " + control.commands.halt_by_force(fmt::format("{}", instance.id)));
    if (now && now->status == "failed" && !control.rehearsed)
        return fail(Errc::io,
                    "{}: the kernel took the halt, and calls the instance failed: not all of its CPUs stopped; "
                    "look at dmesg",
                    instance.shown());
    if (!force)
        return {};
    change_record(control, instance, [](NativeRecord& record) { record.halted_by_force = true; });
    control.notices.add("{}: the kernel does not tell whether its CPUs stopped: those of a kernel that died before it "
                        "was up go on, and a start is refused as busy then. After it was removed such a CPU comes back "
                        "by {}",
                        instance.shown(), InstanceCommands::recover_cpu(words_of(instance.cpus)));
    return {};
}

} // namespace

Result<> check_start(const InstanceControl& control, const InstanceView& instance) {
    KX_TRY(refuse_xen(control.files));
    const std::string shown = instance.shown();
    if (instance.active())
        return fail(Errc::unsupported, "{} is running already", shown);
    KX_TRY(refuse_left_alone(instance));
    if (of_module(instance) && instance.status == "halted")
        return fail(Errc::unsupported,
                    "{} is halted: its memory is what the stopped kernel left; drop it ({}) and load it again", shown,
                    control.commands.unload(fmt::format("{}", instance.id)));
    if (instance.status != "loaded")
        return fail(Errc::unsupported, "{} is {}: it has no kernel to start; load one: {}", shown, instance.status,
                    control.commands.load(fmt::format("{}", instance.id)));
    if (instance.cpus.empty())
        return fail(Errc::unsupported, "{} has no CPUs; {}", shown,
                    of_module(instance) ? "drop it and load it with --cpu" : "give it some before it is started");
    if (!of_module(instance))
        return within(shown, refuse_beside_kho(control.files));
    const MultikernelFacts facts = KX_TRY(read_multikernel_facts(control.files));
    return within(shown, check_cpus(module_cpus(instance), facts, instance.id));
}

Result<> check_halt(const InstanceView& instance, bool by_force) {
    if (instance.active() || (of_module(instance) && instance.status == "halted"))
        return {};
    if (by_force && !of_module(instance) && (instance.status == "loaded" || instance.status == "failed"))
        return {};
    return fail(Errc::unsupported, "{} does not run: it {}", instance.shown(),
                of_module(instance) ? "was never started" : fmt::format("is {}", instance.status));
}

Result<> check_unload(const InstanceControl& control, const InstanceView& instance) {
    const std::string id = fmt::format("{}", instance.id);
    if (instance.active())
        return fail(Errc::unsupported, "{} is running, and therefore not dropped; stop it first: {}", instance.shown(),
                    control.commands.halt(id));
    if (instance.status == "loaded")
        return refuse_left_alone(instance);
    if (of_module(instance) && instance.status != "defined")
        return {};
    const bool removable = (instance.status == "ready" || instance.status == "empty") && instance.left_alone.empty();
    return fail(Errc::unsupported, "{} is {}: it has no kernel to drop{}", instance.shown(), instance.status,
                removable ? "; its CPUs and memory go back to the pool with " + control.commands.remove(id) : "");
}

Result<> start_instance(const InstanceControl& control, const InstanceView& instance) {
    KX_TRY(check_start(control, instance));
    const std::uint32_t cpu = of_module(instance) ? module_cpus(instance).front().logical : no_cpu;
    const auto started = control.kernel.start_instance(instance.id, cpu);
    InstanceView seen = instance; // with what only the record knows
    change_record(control, instance, [&](NativeRecord& record) {
        seen.halted_by_force = record.halted_by_force;
        record.busy_after_halt = !started && started.error().value == EBUSY && record.halted_by_force;
        record.halted_by_force = record.halted_by_force && !started;
    });
    if (!started)
        return refuse(of_module(instance) ? module_start_call : native_start_call, started.error(), control, seen);
    return {};
}

Result<> halt_instance(const InstanceControl& control, const InstanceView& instance, bool by_force) {
    KX_TRY(check_halt(instance, by_force));
    const bool force = by_force || of_module(instance);
    const auto halted =
        force ? control.kernel.force_halt_instance(instance.id) : control.kernel.halt_instance(instance.id);
    if (halted)
        return look_at_halt(control, instance, force);
    const InstanceCall& forced = of_module(instance) ? module_halt_call : native_force_halt_call;
    return refuse(force ? forced : native_halt_call, halted.error(), control, instance);
}

Result<> unload_instance(const InstanceControl& control, const InstanceView& instance) {
    KX_TRY(check_unload(control, instance));
    const std::uint64_t flags = id_flags(instance);
    const auto dropped = of_module(instance) ? control.kernel.load(0, {}, flags)
                                             : control.kernel.load_files(-1, -1, "", uapi::kexec_file_unload | flags);
    if (!dropped)
        return refuse(of_module(instance) ? module_unload_call : native_unload_call, dropped.error(), control,
                      instance);
    change_record(control, instance, [](NativeRecord& record) {
        record.load.clear();
        record.broken_by.clear();
    });
    return remove_instance_record(control.run_root, instance.id);
}

Result<> wait_for_status(const InstanceControl& control, const InstanceView& instance, std::string_view status,
                         std::chrono::milliseconds patience) {
    using namespace std::chrono;
    const auto deadline = steady_clock::now() + patience;
    const bool for_kernel = status == "kernel";
    for (;;) {
        const InstanceView now = KX_TRY(again(control, instance));
        if (for_kernel ? now.stage == "kernel" : now.status == status)
            return {};
        if (for_kernel && !now.active())
            return fail(Errc::io, "{} was stopped while it came up", now.shown());
        if (steady_clock::now() >= deadline) {
            const auto waited = duration_cast<seconds>(patience).count();
            if (for_kernel)
                return fail(Errc::io,
                            "{} was started and its kernel was not seen to run within {} s; it is left as it is: look "
                            "at its console, stop it with {}",
                            now.shown(), waited, control.commands.halt(fmt::format("{}", now.id)));
            return fail(Errc::io, "{} was not seen to be \"{}\" within {} s: it is \"{}\"", now.shown(), status, waited,
                        now.status);
        }
        std::this_thread::sleep_for(milliseconds(50));
    }
}

} // namespace kx
