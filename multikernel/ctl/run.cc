// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/run.h"

#include "kexec/core/terminal_text.h"
#include "multikernel/ctl/command_table.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include <unistd.h>

namespace kx::ctl {
namespace {

template <typename... Args> void say(std::FILE* to, fmt::format_string<Args...> format, Args&&... args) {
    print_text(to, fmt::format(format, std::forward<Args>(args)...));
}

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

int report(const Error& error, bool json, const Surroundings& surroundings) {
    if (json) {
        const nlohmann::ordered_json document{
            {"schema", "multikernelctl-error-1"}, {"error", name_of(error.code)}, {"message", error.message}};
        say(surroundings.out, "{}\n", json_text(document));
    }
    print_message(surroundings.err, "multikernelctl", error.message);
    return error.code == Errc::usage ? exit_usage : exit_failure;
}

Result<> check_operands(const Command& command, std::size_t count) {
    if (count < command.least_operands)
        return fail(Errc::usage, "{}: {} is missing; multikernelctl {} --help", command.name, command.operands,
                    command.name);
    if (count > command.most_operands)
        return fail(Errc::usage, "{}: too many arguments; multikernelctl {} --help", command.name, command.name);
    return {};
}

int run_command(const Command& command, std::string program, const Arguments& arguments,
                const Surroundings& surroundings) {
    const bool json = arguments.given("json");
    if (const auto fine = check_operands(command, arguments.operands().size()); !fine)
        return report(fine.error(), json, surroundings);
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
                    .program = std::move(program),
                    .json = json,
                    .dry_run = machine || arguments.given("dry-run")};
    const Result<int> code = command.run(session);
    notices.tell();
    return code ? *code : report(code.error(), json, surroundings);
}

} // namespace

void progress(std::string_view text) {
    if (isatty(STDERR_FILENO))
        say(stderr, "{}\n", text);
}

int run(std::span<const std::string> words, const Surroundings& surroundings) {
    const auto usage = [&](const std::string& message) { return report({Errc::usage, message}, false, surroundings); };
    if (words.size() < 2)
        return usage("which command? multikernelctl --help lists them");
    const std::string& name = words[1];
    if (name == "--help" || name == "-h") {
        say(surroundings.out, "{}", usage_text());
        return exit_done;
    }
    if (name == "--version" || name == "-V") {
        say(surroundings.out, "multikernelctl (kexec-tools-mk) {}\n", KEXEC_MK_VERSION);
        return exit_done;
    }
    const Command* command = find_command(name);
    if (!command)
        return usage(fmt::format("\"{}\" is no command; multikernelctl --help lists them", name));

    const auto rest = words.subspan(2);
    if (command->effect == Effect::passes_on) {
        if (!rest.empty() && (rest[0] == "--help" || rest[0] == "-h")) {
            say(surroundings.out, "{}", help_of(*command));
            return exit_done;
        }
        return run_command(*command, words[0], operands_only({rest.begin(), rest.end()}), surroundings);
    }
    const auto arguments = parse_arguments(fmt::format("multikernelctl {}", name), rest, options_of(*command));
    if (!arguments)
        return report(arguments.error(), std::ranges::find(rest, "--json") != rest.end(), surroundings);
    if (arguments->given("help")) {
        say(surroundings.out, "{}", help_of(*command));
        return exit_done;
    }
    return run_command(*command, words[0], *arguments, surroundings);
}

} // namespace kx::ctl
