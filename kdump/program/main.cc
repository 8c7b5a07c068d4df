// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/command_table.h"
#include "kexec/cli/run_program.h"

namespace kx::kdump {
namespace {

int usage_error(const std::string& message) {
    print_message(stderr, "kdump", message);
    return exit_failure;
}

int report(const Error& error) {
    print_message(stderr, "kdump", error.message);
    return exit_failure;
}

int run_command(const Command& command, std::span<const std::string> words) {
    const auto arguments = parse_arguments(fmt::format("kdump {}", command.name), words, options_of(command));
    if (!arguments)
        return report(arguments.error());
    if (arguments->given("help")) {
        print(stdout, "{}", help_of(command));
        return exit_done;
    }
    const std::size_t count = arguments->operands().size();
    if (count < command.least_operands || count > command.most_operands)
        return usage_error(fmt::format("{}: {}; kdump {} --help", command.name,
                                       count < command.least_operands ? fmt::format("it takes {}", command.operands)
                                                                      : "too many arguments",
                                       command.name));
    Notices notices([](const std::string& text) { print_message(stderr, "kdump: note", text); });
    Session session{.arguments = *arguments, .notices = notices, .out = stdout, .err = stderr};
    const Result<int> code = command.run(session);
    notices.tell();
    return code ? *code : report(code.error());
}

int run(std::span<const std::string> words) {
    if (words.size() < 2)
        return usage_error("which command? kdump --help lists them");
    const std::string& name = words[1];
    if (name == "--help" || name == "-h") {
        print(stdout, "{}", usage_text());
        return exit_done;
    }
    if (name == "--version" || name == "-V") {
        print(stdout, "kdump (kexec-tools-mk) {}\n", KEXEC_MK_VERSION);
        return exit_done;
    }
    const Command* command = find_command(name);
    if (!command)
        return usage_error(fmt::format("\"{}\" is no command; kdump --help lists them", name));
    return run_command(*command, words.subspan(2));
}

} // namespace
} // namespace kx::kdump

int main(int argc, char** argv) {
    return kx::kdump::run_program("kdump", {argv, argv + argc}, kx::kdump::run);
}
