// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/instance_verbs.h"

#include "kexec/machine/xen.h"
#include "kexec/program/chosen_dialect.h"
#include "kexec/program/instance_status.h"
#include "multikernel/core/wish.h"
#include "multikernel/instance/lifecycle.h"
#include "multikernel/module/load.h"
#include "multikernel/native/checks.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/native/history.h"
#include "multikernel/native/load.h"
#include "multikernel/native/transaction.h"
#include "multikernel/records/definition.h"
#include "multikernel/records/lock.h"
#include "multikernel/v1/verbs.h"

namespace kx {
namespace {

// Of one verb on several instances: each error is told, the last one by the result.
class Outcomes {
public:
    explicit Outcomes(Notices& notices) : notices_(notices) {}
    void add(Result<> outcome) {
        if (outcome)
            return;
        if (!result_)
            notices_.add("{}", result_.error().message);
        result_ = std::move(outcome);
    }
    const Result<>& result() const { return result_; }

private:
    Notices& notices_;
    Result<> result_;
};

// The verbs with what they share: the instances that they are about, and the lock unless nothing is to be done.
class Verbs {
public:
    Verbs(Session& session, MultikernelDialect dialect)
        : session_(session), dialect_(dialect), dry_run_(session.options.dry_run) {}

    Result<std::uint32_t> load();
    Result<int> start(const InstanceChoice& choice);
    Result<int> halt();
    Result<int> unload();
    Result<int> remove();

private:
    Result<std::optional<RunLock>> lock() const {
        std::optional<RunLock> held;
        if (!dry_run_)
            held = KX_TRY(take_lock(session_.run_root));
        return held;
    }
    bool of_module() const { return dialect_ == MultikernelDialect::module; }
    bool all() const { return session_.options.instance.all; }
    Result<std::vector<InstanceView>> chosen() const;
    Result<> halt_one(const InstanceView& instance);
    Result<> unload_one(const InstanceView& instance);
    Result<> remove_one(const InstanceView& instance);
    Result<> remove_definition_of(const InstanceView& instance);

    Session& session_;
    MultikernelDialect dialect_;
    bool dry_run_;
};

Result<std::uint32_t> Verbs::load() {
    const auto held = KX_TRY(lock());
    return of_module() ? load_into_module(session_) : load_into_native(session_);
}

// No sync, no network shutdown: the running kernel goes on.
Result<int> Verbs::start(const InstanceChoice& choice) {
    auto held = KX_TRY(lock());
    const auto instances = KX_TRY(read_instances(session_.files, dialect_));
    const InstanceView instance = KX_TRY(choose_instance(instances, choice));
    if (dry_run_) {
        KX_TRY(check_start(session_.control(), instance));
        print(stdout, "{}: would be started on CPU {}\n", instance.shown(), text_of(instance.cpus));
        return exit_ok;
    }
    KX_TRY(start_instance(session_.control(), instance));
    held.reset();
    const auto seconds = session_.options.instance.wait_seconds;
    session_.notices.tell(); // the wait may be interrupted
    if (seconds)
        KX_TRY(wait_for_status(session_.control(), instance, of_module() ? "kernel" : "active",
                               std::chrono::seconds(*seconds)));
    print(stdout, "{}: {} on CPU {}\n", instance.shown(), seconds && of_module() ? "its kernel runs" : "started",
          text_of(instance.cpus));
    return exit_ok;
}

// The instances that -u, --halt and --remove are about.
Result<std::vector<InstanceView>> Verbs::chosen() const {
    const InstanceOptions& wanted = session_.options.instance;
    auto instances = KX_TRY(read_instances(session_.files, dialect_));
    if (wanted.all)
        return instances;
    return std::vector{KX_TRY(choose_instance(instances, {wanted.id, wanted.name}))};
}

Result<> Verbs::halt_one(const InstanceView& instance) {
    const bool by_force = session_.options.halt_by_force || of_module();
    if (dry_run_) {
        KX_TRY(check_halt(instance, by_force));
        print(stdout, "{}: would be {}\n", instance.shown(), by_force ? "stopped by force" : "asked to stop");
        return {};
    }
    KX_TRY(halt_instance(session_.control(), instance, by_force));
    print(stdout, "{}: {}; {}\n", instance.shown(), by_force && !of_module() ? "halted by force" : "stopped",
          of_module()
              ? fmt::format("the running kernel may take CPU {} back", text_of(instance.cpus))
              : fmt::format("it keeps CPU {} and its kernel, and may be started again", text_of(instance.cpus)));
    return {};
}

Result<int> Verbs::halt() {
    const auto held = KX_TRY(lock());
    Outcomes outcomes(session_.notices);
    for (const InstanceView& instance : KX_TRY(chosen())) {
        if (!all() || check_halt(instance, false)) // =all: those that run
            outcomes.add(halt_one(instance));
    }
    KX_TRY(outcomes.result());
    return exit_ok;
}

Result<> Verbs::unload_one(const InstanceView& instance) {
    if (!dry_run_)
        return unload_instance(session_.control(), instance);
    KX_TRY(check_unload(session_.control(), instance));
    print(stdout, "{}: its kernel would be dropped\n", instance.shown());
    return {};
}

// With =all, those that run are refused after the others are gone.
Result<int> Verbs::unload() {
    const auto held = KX_TRY(lock());
    std::vector<std::uint32_t> running;
    Outcomes outcomes(session_.notices);
    for (const InstanceView& instance : KX_TRY(chosen())) {
        // =all: those that have a kernel. One that has to keep it is told.
        const bool has_kernel = !instance.left_alone.empty() && instance.status == "loaded";
        if (instance.active())
            running.push_back(instance.id);
        else if (!all() || has_kernel || check_unload(session_.control(), instance))
            outcomes.add(unload_one(instance));
    }
    if (!running.empty())
        outcomes.add(fail(Errc::unsupported,
                          "running, and therefore not dropped: instance {}; stop it first: kexec --halt "
                          "--multikernel={}",
                          fmt::join(running, ", "), running.size() == 1 ? fmt::format("{}", running[0]) : "all"));
    KX_TRY(outcomes.result());
    return exit_ok;
}

// On a stock kernel an instance is what was loaded, and a definition all there is to remove.
Result<> Verbs::remove_definition_of(const InstanceView& instance) {
    if (instance.status != "defined")
        return fail(Errc::unsupported,
                    "{} is {}: on a stock kernel an instance is the kernel that was loaded; drop it: kexec -u "
                    "--multikernel={}",
                    instance.shown(), instance.status, instance.id);
    if (!dry_run_)
        KX_TRY(remove_definition(session_.run_root, instance.name));
    print(stdout, "{}: its definition {} removed\n", instance.shown(), dry_run_ ? "would be" : "was");
    return {};
}

Result<> Verbs::remove_one(const InstanceView& instance) {
    if (of_module())
        return remove_definition_of(instance);
    const NativeFacts facts = KX_TRY(read_native_facts(session_.control()));
    const NativeInstance* now = facts.find(instance.id);
    if (!now)
        return fail(Errc::not_found, "{} is gone already", instance.shown());
    KX_TRY(refuse_if_left_alone(*now));
    if (instance.status != "ready" && instance.status != "empty")
        return fail(
            Errc::unsupported, "{} is {}: {}first: kexec -u --multikernel={}", instance.shown(), instance.status,
            instance.active() ? "stop it (kexec --halt), and drop its kernel " : "drop its kernel ", instance.id);
    if (dry_run_) {
        KX_TRY(check_removal(*now));
        const auto overlays = removal_overlays(*now);
        print(stdout, "{} would be removed by {}:\n", instance.shown(),
              overlays.size() == 1 ? "this overlay" : "these overlays");
        for (const Overlay& overlay : overlays)
            print(stdout, "{}", device_tree_source(overlay.tree()));
        return {};
    }
    KX_TRY(remove_instance(session_.control(), *now));
    KX_TRY(remove_instance_record(session_.run_root, instance.id));
    print(stdout, "{}: removed; the pool has CPU {}{} again\n", instance.shown(), text_of(instance.cpus),
          now->halted_by_force ? "" : " and its memory");
    return {};
}

Result<int> Verbs::remove() {
    const auto held = KX_TRY(lock());
    Outcomes outcomes(session_.notices);
    for (const InstanceView& instance : KX_TRY(chosen())) {
        const bool has_kernel =
            instance.status == "loaded" || instance.status == "active" || instance.status == "halted";
        if (!all() || !has_kernel)
            outcomes.add(remove_one(instance));
    }
    KX_TRY(outcomes.result());
    return exit_ok;
}

} // namespace

Result<int> instance_verb(Session& session) {
    const Options& options = session.options;
    if (options.load || options.start)
        KX_TRY(refuse_xen(session.files));
    const MultikernelAbi abi = KX_TRY(chosen_abi(options, session.files));
    if (abi == MultikernelAbi::v1)
        return v1_verb(session);
    if (options.status)
        return instance_status(session, dialect_of(abi));
    Verbs verbs(session, dialect_of(abi));
    if (options.halt)
        return verbs.halt();
    if (options.unload)
        return verbs.unload();
    if (options.remove)
        return verbs.remove();
    InstanceChoice choice{options.instance.id, options.instance.name};
    if (options.load)
        choice = {.id = KX_TRY(verbs.load()), .name = {}};
    if (options.start && !(options.load && options.dry_run))
        return verbs.start(choice);
    return exit_ok;
}

} // namespace kx
