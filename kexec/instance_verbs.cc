// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance_verbs.h"

#include "system/call_context.h"
#include "instance_choice.h"
#include "instance_load.h"
#include "instance_status.h"
#include "multikernel/lock.h"
#include "multikernel/record.h"
#include "uapi/multikernel.h"

#include <chrono>
#include <thread>

namespace kx {
namespace {

Result<InstanceFacts> instance_named(const MultikernelFacts& facts, std::uint32_t id) {
    if (const InstanceFacts* found = facts.find(id))
        return *found;
    return fail(Errc::not_found, "there is no instance {}; kexec -S --multikernel lists them", id);
}

CallContext context_of(const Session& session, const InstanceFacts& instance, const MultikernelFacts& facts) {
    CallContext context = read_call_context(session.files, false);
    context.instance = fmt::format("instance {}", instance.id);
    context.cpus = text_of(cpus_of(instance, facts));
    return context;
}

// A second kernel puts its real-mode code into its low memory early: until then it may have stopped in silence.
Result<> wait_for_kernel(const Session& session, std::uint32_t id, std::uint32_t seconds) {
    using namespace std::chrono;
    const auto deadline = steady_clock::now() + std::chrono::seconds(seconds);
    for (;;) {
        const MultikernelFacts facts = KX_TRY(read_multikernel_facts(session.files));
        const InstanceFacts instance = KX_TRY(instance_named(facts, id));
        if (instance.stage == "kernel")
            return {};
        if (!instance.active())
            return fail(Errc::io, "instance {} was stopped while it came up", id);
        if (steady_clock::now() >= deadline)
            return fail(Errc::io,
                        "instance {} was started and its kernel was not seen to run within {} s; it is left as it is: "
                        "look at its console, stop it with --halt --multikernel={}",
                        id, seconds, id);
        std::this_thread::sleep_for(milliseconds(50));
    }
}

// No sync, no network shutdown: the running kernel goes on.
Result<int> start_instance(Session& session, std::uint32_t id) {
    std::optional<RunLock> lock = KX_TRY(take_lock(session.run_root));
    const MultikernelFacts facts = KX_TRY(read_multikernel_facts(session.files));
    const InstanceFacts instance = KX_TRY(instance_named(facts, id));
    if (instance.active())
        return fail(Errc::unsupported, "instance {} is running already", id);
    if (instance.status != "loaded")
        return fail(Errc::unsupported,
                    "instance {} is {}: its memory is what the stopped kernel left; drop it (kexec -u "
                    "--multikernel={}) and load it again",
                    id, instance.status, id);
    const std::vector<Cpu> cpus = cpus_of(instance, facts);
    if (cpus.empty())
        return fail(Errc::unsupported, "instance {} has no CPUs; drop it and load it with --cpu", id);
    KX_TRY(within(fmt::format("instance {}", id), check_cpus(cpus, facts, id)));
    if (const auto started = session.kernel.start_instance(id, cpus.front().logical); !started)
        return std::unexpected(refusal(Call::start_instance, started.error(), context_of(session, instance, facts)));
    lock.reset();
    if (session.options.instance.wait_seconds)
        KX_TRY(wait_for_kernel(session, id, *session.options.instance.wait_seconds));
    print(stdout, "instance {}: {} on CPU {}\n", id,
          session.options.instance.wait_seconds ? "its kernel runs" : "started", text_of(cpus));
    return exit_ok;
}

// The instances that -u and --halt are about.
Result<std::vector<InstanceFacts>> chosen_instances(const Session& session, const MultikernelFacts& facts) {
    if (!session.options.instance.id)
        return facts.instances;
    return std::vector{KX_TRY(instance_named(facts, *session.options.instance.id))};
}

Result<> halt_one(Session& session, const InstanceFacts& instance, const MultikernelFacts& facts) {
    if (const auto halted = session.kernel.force_halt_instance(instance.id); !halted)
        return std::unexpected(refusal(Call::halt_instance, halted.error(), context_of(session, instance, facts)));
    print(stdout, "instance {}: stopped; the running kernel may take CPU {} back\n", instance.id,
          text_of(cpus_of(instance, facts)));
    return {};
}

Result<int> halt_instances(Session& session) {
    const RunLock lock = KX_TRY(take_lock(session.run_root));
    const MultikernelFacts facts = KX_TRY(read_multikernel_facts(session.files));
    Result<> all;
    for (const InstanceFacts& instance : KX_TRY(chosen_instances(session, facts))) {
        if (instance.status == "loaded" && !session.options.instance.id)
            continue; // =all: those that run
        if (instance.status == "loaded")
            return fail(Errc::unsupported, "instance {} does not run: it was never started", instance.id);
        if (auto halted = halt_one(session, instance, facts); !halted) {
            if (!all)
                session.notices.add("{}", all.error().message);
            all = std::move(halted);
        }
    }
    KX_TRY(all);
    return exit_ok;
}

Result<> unload_one(Session& session, const InstanceFacts& instance, const MultikernelFacts& facts) {
    const std::uint64_t flags = KEXEC_MULTIKERNEL | static_cast<std::uint64_t>(instance.id) << KEXEC_MK_ID_SHIFT;
    if (const auto dropped = session.kernel.load(0, {}, flags); !dropped)
        return std::unexpected(refusal(Call::unload_instance, dropped.error(), context_of(session, instance, facts)));
    return remove_instance_record(session.run_root, instance.id);
}

// With =all, those that run are refused after the others are gone.
Result<int> unload_instances(Session& session) {
    const RunLock lock = KX_TRY(take_lock(session.run_root));
    const MultikernelFacts facts = KX_TRY(read_multikernel_facts(session.files));
    std::vector<std::uint32_t> running;
    for (const InstanceFacts& instance : KX_TRY(chosen_instances(session, facts))) {
        if (instance.active())
            running.push_back(instance.id);
        else
            KX_TRY(unload_one(session, instance, facts));
    }
    if (!running.empty())
        return fail(Errc::unsupported,
                    "running, and therefore not dropped: instance {}; stop it first: kexec --halt "
                    "--multikernel={}",
                    fmt::join(running, ", "), running.size() == 1 ? fmt::format("{}", running[0]) : "all");
    return exit_ok;
}

} // namespace

Result<int> instance_verb(Session& session) {
    const Options& options = session.options;
    if (options.status)
        return instance_status(session);
    if (options.halt)
        return halt_instances(session);
    if (options.unload)
        return unload_instances(session);
    std::optional<std::uint32_t> id = options.instance.id;
    if (options.load)
        id = KX_TRY(load_instance(session));
    if (options.start && !options.dry_run)
        return start_instance(session, *id);
    return exit_ok;
}

} // namespace kx
