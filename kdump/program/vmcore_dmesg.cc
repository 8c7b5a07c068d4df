// SPDX-License-Identifier: GPL-2.0-or-later
// vmcore-dmesg: prints the log of the kernel that crashed. Any failure is exit code 1.
#include "kdump/program/command.h"
#include "kdump/program/dmesg_command.h"
#include "kexec/cli/run_program.h"

#include <vector>

namespace kx::kdump {
namespace {

constexpr ArgumentRow help_row = {"help", 'h', nullptr, "Show this text."};
constexpr ArgumentRow version_row = {"version", 'V', nullptr, "Show the version."};

std::vector<ArgumentRow> all_rows() {
    std::vector<ArgumentRow> rows(log_rows().begin(), log_rows().end());
    rows.push_back(help_row);
    rows.push_back(version_row);
    return rows;
}

int report(const Error& error) {
    print_message(stderr, "vmcore-dmesg", error.message);
    return exit_failure;
}

int run(std::span<const std::string> words) {
    const auto arguments = parse_arguments("vmcore-dmesg", words.subspan(words.empty() ? 0 : 1), all_rows());
    if (!arguments)
        return report(arguments.error());
    if (arguments->given("help")) {
        print(stdout,
              "Usage: vmcore-dmesg [OPTION]... FILE|-\n"
              "Print the log of the kernel that crashed, from /proc/vmcore, an ELF vmcore or a kdump-compressed dump.\n"
              "\nOptions:\n{}\nExit codes: 0 done, 1 failure.\n",
              options_text(all_rows()));
        return exit_done;
    }
    if (arguments->given("version")) {
        print(stdout, "vmcore-dmesg (kexec-tools-mk) {}\n", KEXEC_MK_VERSION);
        return exit_done;
    }
    if (arguments->operands().size() != 1)
        return report({Errc::usage, "which file? Usage: vmcore-dmesg [OPTION]... FILE|-"});
    Notices notices([](const std::string& text) { print_message(stderr, "vmcore-dmesg: note", text); });
    const auto printed = print_log(arguments->operands()[0], log_format(*arguments), stdout, notices);
    notices.tell();
    return printed ? exit_done : report(printed.error());
}

} // namespace
} // namespace kx::kdump

int main(int argc, char** argv) {
    return kx::kdump::run_program("vmcore-dmesg", {argv, argv + argc}, kx::kdump::run);
}
