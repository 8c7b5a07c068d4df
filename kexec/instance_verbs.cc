// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance_verbs.h"

#include "instance_status.h"
#include "module_load.h"
#include "multikernel/lifecycle.h"
#include "multikernel/lock.h"

namespace kx {
namespace {

InstanceControl control_of(Session& session) {
    return {session.kernel, session.files, session.notices, session.run_root};
}

Result<std::vector<InstanceView>> all_instances(const Session& session) {
    return read_instances(session.files, multikernel_dialect(session.files));
}

// No sync, no network shutdown: the running kernel goes on.
Result<int> start_one(Session& session, const InstanceChoice& choice) {
    std::optional<RunLock> lock = KX_TRY(take_lock(session.run_root));
    const InstanceView instance = KX_TRY(choose_instance(KX_TRY(all_instances(session)), choice));
    KX_TRY(start_instance(control_of(session), instance));
    lock.reset();
    const auto seconds = session.options.instance.wait_seconds;
    const bool of_module = instance.dialect == MultikernelDialect::module;
    if (seconds)
        KX_TRY(wait_for_status(control_of(session), instance, of_module ? "kernel" : "active",
                               std::chrono::seconds(*seconds)));
    print(stdout, "{}: {} on CPU {}\n", instance.shown(), seconds && of_module ? "its kernel runs" : "started",
          text_of(instance.cpus));
    return exit_ok;
}

// The instances that -u and --halt are about.
Result<std::vector<InstanceView>> chosen_instances(const Session& session) {
    const InstanceOptions& wanted = session.options.instance;
    auto all = KX_TRY(all_instances(session));
    if (wanted.all)
        return all;
    return std::vector{KX_TRY(choose_instance(all, {wanted.id, wanted.name}))};
}

Result<> halt_one(Session& session, const InstanceView& instance) {
    KX_TRY(halt_instance(control_of(session), instance, session.options.halt_by_force));
    print(stdout, "{}: stopped; {}\n", instance.shown(),
          instance.dialect == MultikernelDialect::module
              ? fmt::format("the running kernel may take CPU {} back", text_of(instance.cpus))
              : fmt::format("it keeps CPU {} and its kernel, and may be started again", text_of(instance.cpus)));
    return {};
}

Result<int> halt_instances(Session& session) {
    const RunLock lock = KX_TRY(take_lock(session.run_root));
    Result<> all;
    for (const InstanceView& instance : KX_TRY(chosen_instances(session))) {
        const bool may_run = instance.active() || instance.status == "halted";
        if (!may_run && session.options.instance.all)
            continue; // =all: those that run
        if (auto halted = halt_one(session, instance); !halted) {
            if (!all)
                session.notices.add("{}", all.error().message);
            all = std::move(halted);
        }
    }
    KX_TRY(all);
    return exit_ok;
}

// With =all, those that run are refused after the others are gone.
Result<int> unload_instances(Session& session) {
    const RunLock lock = KX_TRY(take_lock(session.run_root));
    std::vector<std::uint32_t> running;
    for (const InstanceView& instance : KX_TRY(chosen_instances(session))) {
        const bool has_image = instance.dialect == MultikernelDialect::module || instance.status == "loaded";
        if (instance.active())
            running.push_back(instance.id);
        else if (has_image || !session.options.instance.all)
            KX_TRY(unload_instance(control_of(session), instance));
    }
    if (!running.empty())
        return fail(Errc::unsupported,
                    "running, and therefore not dropped: instance {}; stop it first: kexec --halt "
                    "--multikernel={}",
                    fmt::join(running, ", "), running.size() == 1 ? fmt::format("{}", running[0]) : "all");
    return exit_ok;
}

Result<std::uint32_t> load_locked(Session& session) {
    std::optional<RunLock> lock;
    if (!session.options.dry_run)
        lock = KX_TRY(take_lock(session.run_root));
    return load_into_module(session);
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
    InstanceChoice choice{options.instance.id, options.instance.name};
    if (options.load)
        choice = {.id = KX_TRY(load_locked(session)), .name = {}};
    if (options.start && !options.dry_run)
        return start_one(session, choice);
    return exit_ok;
}

} // namespace kx
