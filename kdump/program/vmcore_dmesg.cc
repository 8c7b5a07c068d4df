// SPDX-License-Identifier: GPL-2.0-or-later
// vmcore-dmesg: prints the log of the kernel that crashed. Any failure is exit code 1.
#include "kdump/program/dmesg_command.h"
#include "kexec/cli/print.h"
#include "kexec/cli/program.h"
#include "kexec/core/notices.h"

#include <vector>

namespace kx::kdump {
namespace {

constexpr Program program{"vmcore-dmesg", 1, 1};
constexpr ArgumentRow help_row = {"help", 'h', nullptr, "Show this text."};
constexpr ArgumentRow version_row = {"version", 'V', nullptr, "Show the version."};

std::vector<ArgumentRow> all_rows() {
    std::vector<ArgumentRow> rows(log_rows().begin(), log_rows().end());
    rows.push_back(help_row);
    rows.push_back(version_row);
    return rows;
}

int run(std::span<const std::string> words) {
    const auto arguments = parse_arguments("vmcore-dmesg", words.subspan(words.empty() ? 0 : 1), all_rows());
    if (!arguments)
        return report(program, arguments.error());
    if (arguments->given("help")) {
        print(stdout,
              "Usage: vmcore-dmesg [OPTION]... FILE|-\n"
              "Print the log of the kernel that crashed, from /proc/vmcore, an ELF vmcore or a kdump-compressed dump.\n"
              "\nOptions:\n{}\nExit codes: 0 done, 1 failure.\n",
              options_text(all_rows()));
        return exit_done;
    }
    if (arguments->given("version")) {
        print_text(stdout, version_text(program));
        return exit_done;
    }
    if (arguments->operands().size() != 1)
        return report(program, {Errc::usage, "which file? Usage: vmcore-dmesg [OPTION]... FILE|-"});
    Notices notices([](const std::string& text) { print_message(stderr, "vmcore-dmesg: note", text); });
    const auto printed = print_log(arguments->operands()[0], log_format(*arguments), stdout, notices);
    notices.tell();
    return printed ? exit_done : report(program, printed.error());
}

} // namespace
} // namespace kx::kdump

int main(int argc, char** argv) {
    return kx::run_program(kx::kdump::program, {argv, argv + argc}, kx::kdump::run);
}
