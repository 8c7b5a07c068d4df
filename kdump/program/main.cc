// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/command_table.h"

namespace kx::kdump {
namespace {

Result<int> start(const Command& command, const Arguments& arguments) {
    Notices notices([](const std::string& text) { print_message(stderr, "kdump: note", text); });
    Session session{.arguments = arguments, .notices = notices, .out = stdout, .err = stderr};
    return command.run(session); // the notices are told before its error
}

int failed(const Error& error, bool) {
    return report(program, error);
}

int run(std::span<const std::string> words) {
    return run_commands(command_table, words, stdout, start, failed);
}

} // namespace
} // namespace kx::kdump

int main(int argc, char** argv) {
    return kx::run_program(kx::kdump::program, {argv, argv + argc}, kx::kdump::run);
}
