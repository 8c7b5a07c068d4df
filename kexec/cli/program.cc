// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/program.h"

#include "kexec/cli/print.h"
#include "kexec/cli/standard_files.h"

#include <exception>

#include <unistd.h>

namespace kx {

int report(const Program& program, const Error& error, std::FILE* to) {
    print_message(to, program.name, error.message);
    return error.code == Errc::usage ? program.usage_code : program.failure_code;
}

std::string version_text(const Program& program) {
    return fmt::format("{} (kexec-tools-mk) {}\n", program.name, KEXEC_MK_VERSION);
}

int run_program(const Program& program, const std::vector<std::string>& words,
                const std::function<int(std::span<const std::string>)>& run) {
    if (!settle_standard_files())
        _exit(program.failure_code);
    int code = program.failure_code;
    try {
        code = run(words);
    } catch (const std::exception& exception) { // a library's; ours are values
        print_message(stderr, program.name, exception.what());
    }
    const auto arrived = flushed(stdout, "standard output");
    if (arrived || code != exit_done)
        return code;
    return report(program, arrived.error());
}

} // namespace kx
