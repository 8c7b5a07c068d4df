// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/change.h"

#include "kexec/core/terminal_text.h"
#include "multikernel/core/names.h"
#include "multikernel/records/run_folder.h"

#include <nlohmann/json.hpp>

namespace kx::ctl {
namespace {

using nlohmann::ordered_json;

// A rehearsal's files: there is no such folder, and none is made below one that is not there.
constexpr const char* nowhere = "/proc/self/nowhere";

std::string text_of(const Step& step) {
    const std::string_view end = step.value.empty() || step.value.ends_with('\n') ? "" : "\n";
    if (step.kind == "overlay" || step.kind == "baseline")
        return fmt::format("would write this {} to {}:\n{}{}", step.kind, step.target, step.value, end);
    if (step.kind == "attribute")
        return fmt::format("would write \"{}\" to {}\n", step.value.substr(0, step.value.find_last_not_of('\n') + 1),
                           step.target);
    if (step.kind == "rmdir")
        return fmt::format("would remove {}\n", step.target);
    if (step.kind == "file")
        return step.value.empty() ? fmt::format("would remove {}\n", step.target)
                                  : fmt::format("would write {}:\n{}{}", step.target, step.value, end);
    if (step.kind == "command")
        return fmt::format("would run {}\n", printable(step.value));
    return fmt::format("would call {}{}\n", step.target, step.value);
}

std::string definition_path(std::string_view name) {
    return fmt::format("/{}/definitions/{}", run_folder, name);
}

} // namespace

Result<MultikernelDialect> require_dialect(const Session& session) {
    const MultikernelDialect dialect = multikernel_dialect(session.files);
    if (dialect == MultikernelDialect::none)
        return fail(Errc::unsupported,
                    "this kernel has no instances: it is neither a multikernel kernel nor has it multikernel.ko "
                    "(modprobe multikernel); multikernelctl check tells more");
    return dialect;
}

Result<InstanceView> instance_called(const Session& session, MultikernelDialect dialect, const std::string& text) {
    const InstanceChoice choice = KX_TRY(parse_instance_choice(text));
    const auto all = KX_TRY(read_instances(session.files, dialect));
    return choose_instance(all, choice);
}

Result<Change> Change::begin(Session& session, std::string_view command) {
    Change change(session);
    change.command_ = command;
    change.dialect_ = KX_TRY(require_dialect(session));
    if (!session.dry_run)
        change.lock_ = KX_TRY(take_lock(session.run_root));
    change.kernel_ = std::make_unique<NotingKernel>(session.dry_run ? nullptr : &session.kernel);
    return change;
}

InstanceControl Change::control() const {
    return {*kernel_,          session_.files,  session_.notices, session_.dry_run ? nowhere : session_.run_root,
            Session::commands, session_.dry_run};
}

Result<> Change::define(const InstanceDefinition& definition) const {
    KX_TRY(check_instance_name(definition.name));
    note({"file", definition_path(definition.name), text_of(definition)});
    return session_.dry_run ? Result<>{} : write_definition(session_.run_root, definition);
}

Result<> Change::undefine(const std::string& name) const {
    note({"file", definition_path(name), ""});
    return session_.dry_run ? Result<>{} : remove_definition(session_.run_root, name);
}

Result<> Change::lock() {
    if (!session_.dry_run && !lock_)
        lock_ = KX_TRY(take_lock(session_.run_root));
    return {};
}

int Change::report(std::string_view sentence) const {
    if (session_.json) {
        ordered_json document{{"schema", "multikernelctl-change-1"},
                              {"command", command_},
                              {"dialect", name_of(dialect_)},
                              {"dry_run", session_.dry_run},
                              {"result", sentence}};
        document["steps"] = ordered_json::array();
        for (const Step& step : kernel_->steps)
            document["steps"].push_back({{"kind", step.kind}, {"target", step.target}, {"value", step.value}});
        document["notices"] = session_.notices.texts();
        print(session_, "{}\n", json_text(document));
        return exit_done;
    }
    if (!session_.dry_run) {
        print(session_, "{}\n", printable(sentence));
        return exit_done;
    }
    for (const Step& step : kernel_->steps)
        print(session_, "{}", text_of(step));
    if (kernel_->steps.empty())
        print(session_, "nothing would be done: it is so already\n");
    return exit_done;
}

} // namespace kx::ctl
