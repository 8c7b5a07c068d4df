// SPDX-License-Identifier: GPL-2.0-or-later
// `plan`, `apply` and `revert`.
#include "multikernel/ctl/commands/declarative.h"

#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "kexec/machine/xen.h"
#include "multikernel/ctl/apply.h"
#include "multikernel/ctl/command_table.h"
#include "multikernel/ctl/desired_kernels.h"
#include "multikernel/desired/file.h"
#include "multikernel/native/checks.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include <unistd.h>

namespace kx::ctl {
namespace {

using nlohmann::ordered_json;

constexpr int exit_changes = 2; // plan: something would be done

constexpr ArgumentRow prune_row = {"prune", 0, nullptr, "Also delete the instances that FILE does not name."};
constexpr ArgumentRow force_row = {"force", 'f', nullptr, "Halt without asking the instance's kernel."};
constexpr ArgumentRow pool_row = {"pool", 0, nullptr, "Give the pool back, too."};

struct FilePlan {
    MultikernelDialect dialect;
    std::string file;
    std::vector<Problem> problems; // warnings
    std::vector<DesiredStep> steps;
};

ordered_json json_of(std::span<const Problem> problems) {
    auto json = ordered_json::array();
    for (const Problem& problem : problems)
        json.push_back(
            {{"severity", problem.severity == Problem::Severity::error ? "error" : "warning"},
             {"where", problem.where},
             {"what", problem.what},
             {"suggestion", problem.suggestion.empty() ? ordered_json(nullptr) : ordered_json(problem.suggestion)}});
    return json;
}

ordered_json json_of(const DesiredStep& step) {
    return {{"sign", std::string(1, sign_of(step.action))},
            {"action", word_of(step.action)},
            {"instance", step.instance.empty() ? ordered_json(nullptr) : ordered_json(step.instance)},
            {"what", step.what},
            {"why", step.why.empty() ? ordered_json(nullptr) : ordered_json(step.why)}};
}

void print_document(const Session& session, const ordered_json& document) {
    print(session, "{}\n", json_text(document));
}

void print_plan(const Session& session, const FilePlan& plan, std::string_view command, bool done) {
    ordered_json document{{"schema", "multikernelctl-plan-1"},
                          {"command", command},
                          {"dialect", name_of(plan.dialect)},
                          {"file", plan.file},
                          {"done", done}};
    document["steps"] = ordered_json::array();
    for (const DesiredStep& step : plan.steps)
        document["steps"].push_back(json_of(step));
    document["problems"] = json_of(plan.problems);
    document["notices"] = session.notices.texts();
    print_document(session, document);
}

void add_absent(DesiredState& desired, const MachineResources& machine) {
    for (const InstanceShare& share : machine.instances) {
        if (desired.find(share.name))
            continue;
        DesiredInstance absent;
        absent.name = share.name;
        absent.status = DesiredStatus::absent;
        desired.instances.push_back(absent);
    }
}

// Memory for an instance that goes on to run: only where the kernel gives the range that it tells of.
Result<> check_more_while_running(std::span<const DesiredStep> steps, const MachineResources& machine) {
    for (const DesiredStep& step : steps) {
        const InstanceShare* share = machine.find(step.instance);
        const bool halted = std::ranges::any_of(steps, [&](const DesiredStep& other) {
            return other.action == DesiredStep::Action::halt && other.instance == step.instance;
        });
        if (step.action != DesiredStep::Action::take || step.request.memory_size == 0 || !share || halted ||
            share->status != "active")
            continue;
        const std::uint64_t size = step.request.memory_size - total_size(share->memory);
        const auto first = first_free(size, machine.free_memory());
        if (!first || first->begin % memory_block_size != 0)
            return fail(
                Errc::unsupported,
                "instance {} is active, and the first free range of {} {}: a kernel that runs takes memory that "
                "begins at a multiple of {}; halt it first",
                step.instance, size_argument(size),
                first ? fmt::format("begins at {:#x}", first->begin) : "is not there",
                size_argument(memory_block_size));
    }
    return {};
}

// What plan would refuse besides the mistakes of the file.
Result<> check_steps(Session& session, std::span<const DesiredStep> steps, const MachineResources& machine) {
    KX_TRY(check_more_while_running(steps, machine));
    return check_kernels(session, steps, machine);
}

// With its errors refused, and its warnings noted.
Result<FilePlan> plan_file(Session& session) {
    const std::string& path = session.arguments.operands()[0];
    DesiredState desired = KX_TRY(read_desired_file(path, session.notices));
    FilePlan plan{.dialect = KX_TRY(require_dialect(session)), .file = path};
    const auto machine = KX_TRY(read_machine_resources(session.files, plan.dialect));
    if (session.arguments.given("prune"))
        add_absent(desired, machine);
    plan.problems = validate(desired, machine);
    KX_TRY(within(path, refuse_errors(plan.problems)));
    for (const Problem& problem : plan.problems)
        session.notices.add("{}: {}{}{}", problem.where, problem.what, problem.suggestion.empty() ? "" : "; ",
                            problem.suggestion);
    plan.steps =
        KX_TRY(within(path, plan_desired(desired, machine, KX_TRY(read_instances(session.files, plan.dialect)))));
    KX_TRY(within(path, check_steps(session, plan.steps, machine)));
    return plan;
}

Result<FilePlan> revert_file(Session& session) {
    const std::string& path = session.arguments.operands()[0];
    const DesiredState desired = KX_TRY(read_desired_file(path, session.notices));
    FilePlan plan{.dialect = KX_TRY(require_dialect(session)), .file = path};
    const auto machine = KX_TRY(read_machine_resources(session.files, plan.dialect));
    const auto views = KX_TRY(read_instances(session.files, plan.dialect));
    plan.steps = KX_TRY(plan_revert(desired, machine, views, session.arguments.given("pool")));
    return plan;
}

void print_steps(const Session& session, const FilePlan& plan) {
    for (const DesiredStep& step : plan.steps)
        print(session, "{}\n", printable(text_of(step)));
    if (plan.steps.empty())
        print(session, "nothing to do: it is so already\n");
}

Result<int> run_plan(Session& session) {
    const FilePlan plan = KX_TRY(plan_file(session));
    if (session.json)
        print_plan(session, plan, "plan", false);
    else
        print_steps(session, plan);
    return plan.steps.empty() ? exit_done : exit_changes;
}

// What is going to be loaded has to be there before anything is changed.
Result<> check_readable(std::span<const DesiredStep> steps) {
    for (const DesiredStep& step : steps)
        for (const std::string& path : {step.kernel, step.initrd})
            if (!path.empty() && access(path.c_str(), R_OK) != 0)
                return fail(Errc::not_found, "instance {}: {}: {}", step.instance, path, std::strerror(errno));
    return {};
}

bool takes(const DesiredStep& step) {
    using enum DesiredStep::Action;
    return step.action == make_pool || step.action == grow_pool || step.action == create || step.action == take ||
           step.action == load || step.action == start;
}

// The file is read and held against the machine in the lock: what is done is what was planned.
Result<int> carry_out(Session& session, std::string_view command, Result<FilePlan> (*make)(Session&)) {
    ApplyOptions options;
    options.by_force = session.arguments.given("force");
    options.wait = KX_TRY(parse_wait(session.arguments));
    if (session.json) // the document is alone on standard output
        options.run_kexec = [](auto words) { return run_kexec(words, KexecOutput::standard_error); };
    Change change = KX_TRY(Change::begin(session, command));
    const FilePlan plan = KX_TRY(make(session));
    if (std::ranges::any_of(plan.steps, takes))
        KX_TRY(refuse_xen(session.files));
    if (!session.json && (session.dry_run || plan.steps.empty()))
        print_steps(session, plan);
    if (!session.dry_run) {
        KX_TRY(check_readable(plan.steps));
        if (!session.json)
            options.done = [&session](const DesiredStep& step) {
                print(session, "{}\n", printable(text_of(step)));
                std::fflush(session.out);
            };
        KX_TRY(apply_steps(change, plan.steps, options));
    }
    if (session.json)
        print_plan(session, plan, command, !session.dry_run);
    return exit_done;
}

Result<> check_plan(Session& session, const DesiredState& desired, const MachineResources& machine) {
    const auto views = KX_TRY(read_instances(session.files, machine.dialect));
    return check_steps(session, KX_TRY(plan_desired(desired, machine, views)), machine);
}

Result<int> run_apply(Session& session) {
    return carry_out(session, "apply", plan_file);
}

Result<int> run_revert(Session& session) {
    return carry_out(session, "revert", revert_file);
}

constexpr ArgumentRow plan_rows[] = {prune_row};
constexpr ArgumentRow apply_rows[] = {prune_row, force_row, wait_row, timeout_row, verbose_row};
constexpr ArgumentRow revert_rows[] = {pool_row, force_row};

} // namespace

Result<int> check_file(Session& session, const std::string& path) {
    const DesiredState desired = KX_TRY(read_desired_file(path, session.notices));
    const MultikernelDialect dialect = KX_TRY(require_dialect(session));
    const auto machine = KX_TRY(read_machine_resources(session.files, dialect));
    auto problems = validate(desired, machine);
    if (!has_errors(problems))
        if (const auto planned = check_plan(session, desired, machine); !planned)
            problems.insert(problems.begin(), {Problem::Severity::error, path, planned.error().message, {}});
    if (session.json) {
        print_document(session, {{"schema", "multikernelctl-validation-1"},
                                 {"dialect", name_of(dialect)},
                                 {"file", path},
                                 {"problems", json_of(problems)},
                                 {"notices", session.notices.texts()}});
    } else {
        for (const Problem& problem : problems)
            print(session, "{}\n", printable(text_of(problem)));
        if (problems.empty())
            print(session, "no problems\n");
    }
    return has_errors(problems) ? exit_usage : exit_done;
}

constinit const Command plan_command = {{"plan", "FILE",
                                         "Tell what apply would do: exit code 0 for nothing, 2 for something.", 1, 1,
                                         plan_rows, for_reading},
                                        run_plan};
constinit const Command apply_command = {{"apply", "FILE",
                                          "Make the machine what FILE (TOML, DTS or DTB) says, all of it or nothing.",
                                          1, 1, apply_rows, for_changing},
                                         run_apply};
constinit const Command revert_command = {
    {"revert", "FILE", "Stop, unload and delete the instances that FILE names.", 1, 1, revert_rows, for_changing},
    run_revert};

} // namespace kx::ctl
