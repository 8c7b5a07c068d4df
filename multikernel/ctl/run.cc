// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/run.h"

#include "kexec/core/terminal_text.h"
#include "multikernel/ctl/command_table.h"

#include <nlohmann/json.hpp>
#include <optional>

namespace kx::ctl {
namespace {

std::string_view name_of(Errc code) {
    switch (code) {
    case Errc::not_this_format:
        return "not_this_format";
    case Errc::malformed:
        return "malformed";
    case Errc::unsupported:
        return "unsupported";
    case Errc::no_room:
        return "no_room";
    case Errc::denied:
        return "denied";
    case Errc::not_found:
        return "not_found";
    case Errc::changed:
        return "changed";
    case Errc::io:
        return "io";
    case Errc::usage:
        return "usage";
    }
    return "unknown";
}

// With --json, the error is a document, too.
int failed(const Error& error, bool json, const Surroundings& surroundings) {
    if (json) {
        const nlohmann::ordered_json document{
            {"schema", "multikernelctl-error-1"}, {"error", name_of(error.code)}, {"message", error.message}};
        kx::print(surroundings.out, "{}\n", json_text(document));
    }
    return report(program, error, surroundings.err);
}

Result<int> start(const Command& command, const Arguments& arguments, const std::string& called,
                  const Surroundings& surroundings) {
    const std::string* machine = arguments.value("machine");
    std::optional<DirectoryFiles> captured;
    if (machine)
        captured.emplace(*machine);
    Notices notices([&](const std::string& text) { print_message(surroundings.err, "multikernelctl: note", text); });
    Session session{.arguments = arguments,
                    .files = captured ? static_cast<const SystemFiles&>(*captured) : surroundings.files,
                    .kernel = surroundings.kernel,
                    .notices = notices,
                    .out = surroundings.out,
                    .run_root = surroundings.run_root,
                    .program = called,
                    .json = arguments.given("json"),
                    .dry_run = machine || arguments.given("dry-run")};
    return command.run(session); // the notices are told before its error
}

} // namespace

int run(std::span<const std::string> words, const Surroundings& surroundings) {
    return run_commands(
        command_table, words, surroundings.out,
        [&](const Command& command, const Arguments& arguments) {
            return start(command, arguments, words[0], surroundings);
        },
        [&](const Error& error, bool json) { return failed(error, json, surroundings); });
}

} // namespace kx::ctl
