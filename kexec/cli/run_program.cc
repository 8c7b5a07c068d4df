// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/run_program.h"

#include "kdump/program/command.h"
#include "kexec/cli/standard_files.h"

#include <exception>

#include <unistd.h>

namespace kx::kdump {

int run_program(std::string_view name, const std::vector<std::string>& words,
                int (*run)(std::span<const std::string>)) {
    if (!settle_standard_files())
        _exit(exit_failure);
    int code = exit_failure;
    try {
        code = run(words);
    } catch (const std::exception& exception) { // a library's; ours are values
        print_message(stderr, name, exception.what());
    }
    const auto arrived = flushed(stdout, "standard output");
    if (arrived || code != exit_done)
        return code;
    print_message(stderr, name, arrived.error().message);
    return exit_failure;
}

} // namespace kx::kdump
