// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/lifecycle.h"

#include "multikernel/host_cpus.h"
#include "multikernel/record.h"
#include "system/call_context.h"
#include "uapi/kexec.h"
#include "uapi/multikernel.h"

#include <thread>

namespace kx {
namespace {

constexpr std::uint32_t no_cpu = UINT32_MAX; // these kernels do not read it: the instance has its CPUs

bool of_module(const InstanceView& instance) {
    return instance.dialect == MultikernelDialect::module;
}

CallContext context_of(const InstanceControl& control, const InstanceView& instance) {
    CallContext context = read_call_context(control.files, false);
    context.instance = instance.shown();
    context.cpus = text_of(instance.cpus);
    return context;
}

Result<> refuse(Call call, Errno error, const InstanceControl& control, const InstanceView& instance) {
    return std::unexpected(refusal(call, error, context_of(control, instance)));
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

} // namespace

Result<> check_start(const InstanceControl& control, const InstanceView& instance) {
    const std::string shown = instance.shown();
    if (instance.active())
        return fail(Errc::unsupported, "{} is running already", shown);
    if (of_module(instance) && instance.status == "halted")
        return fail(Errc::unsupported,
                    "{} is halted: its memory is what the stopped kernel left; drop it (kexec -u --multikernel={}) and "
                    "load it again",
                    shown, instance.id);
    if (instance.status != "loaded")
        return fail(Errc::unsupported, "{} is {}: it has no kernel to start; load one: kexec -l --multikernel={}",
                    shown, instance.status, instance.id);
    if (instance.cpus.empty())
        return fail(Errc::unsupported, "{} has no CPUs; {}", shown,
                    of_module(instance) ? "drop it and load it with --cpu" : "give it some before it is started");
    if (!of_module(instance))
        return {};
    const MultikernelFacts facts = KX_TRY(read_multikernel_facts(control.files));
    return within(shown, check_cpus(module_cpus(instance), facts, instance.id));
}

Result<> check_halt(const InstanceView& instance, bool by_force) {
    if (instance.active() || (of_module(instance) && instance.status == "halted"))
        return {};
    if (by_force && !of_module(instance) && instance.status == "loaded")
        return {};
    return fail(Errc::unsupported, "{} does not run: it {}", instance.shown(),
                of_module(instance) ? "was never started" : fmt::format("is {}", instance.status));
}

Result<> check_unload(const InstanceView& instance) {
    if (instance.active())
        return fail(Errc::unsupported,
                    "{} is running, and therefore not dropped; stop it first: kexec --halt --multikernel={}",
                    instance.shown(), instance.id);
    if (instance.status == "loaded" || (of_module(instance) && instance.status != "defined"))
        return {};
    return fail(
        Errc::unsupported, "{} is {}: it has no kernel to drop{}", instance.shown(), instance.status,
        instance.status == "ready" || instance.status == "empty"
            ? fmt::format("; its CPUs and memory go back to the pool with kexec --remove --multikernel={}", instance.id)
            : "");
}

Result<> start_instance(const InstanceControl& control, const InstanceView& instance) {
    KX_TRY(check_start(control, instance));
    const std::uint32_t cpu = of_module(instance) ? module_cpus(instance).front().logical : no_cpu;
    if (const auto started = control.kernel.start_instance(instance.id, cpu); !started)
        return refuse(of_module(instance) ? Call::start_instance : Call::start_spawn, started.error(), control,
                      instance);
    return {};
}

Result<> halt_instance(const InstanceControl& control, const InstanceView& instance, bool by_force) {
    KX_TRY(check_halt(instance, by_force));
    const bool force = by_force || of_module(instance);
    const auto halted =
        force ? control.kernel.force_halt_instance(instance.id) : control.kernel.halt_instance(instance.id);
    if (halted)
        return {};
    const Call forced = of_module(instance) ? Call::halt_instance : Call::force_halt_spawn;
    return refuse(force ? forced : Call::halt_spawn, halted.error(), control, instance);
}

Result<> unload_instance(const InstanceControl& control, const InstanceView& instance) {
    KX_TRY(check_unload(instance));
    const std::uint64_t flags = id_flags(instance);
    const auto dropped = of_module(instance) ? control.kernel.load(0, {}, flags)
                                             : control.kernel.load_files(-1, -1, "", uapi::kexec_file_unload | flags);
    if (!dropped)
        return refuse(of_module(instance) ? Call::unload_instance : Call::unload_spawn, dropped.error(), control,
                      instance);
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
                            "at its console, stop it with --halt --multikernel={}",
                            now.shown(), waited, now.id);
            return fail(Errc::io, "{} was not seen to be \"{}\" within {} s: it is \"{}\"", now.shown(), status, waited,
                        now.status);
        }
        std::this_thread::sleep_for(milliseconds(50));
    }
}

} // namespace kx
