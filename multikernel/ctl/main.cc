// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/standard_files.h"
#include "multikernel/ctl/command.h"
#include "multikernel/ctl/run.h"

#include <exception>
#include <vector>

#include <unistd.h>

namespace kx::ctl {
namespace {

int run_all(const std::vector<std::string>& words) {
    if (!settle_standard_files())
        _exit(exit_failure);
    const DirectoryFiles files("/");
    RunningKernel kernel;
    int code = exit_failure;
    try {
        code = run(words, {.files = files, .kernel = kernel, .out = stdout, .err = stderr});
    } catch (const std::exception& exception) { // a library's; ours are values
        print_message(stderr, "multikernelctl", exception.what());
    }
    const auto arrived = flushed(stdout, "standard output");
    if (arrived || code != exit_done)
        return code;
    print_message(stderr, "multikernelctl", arrived.error().message);
    return exit_failure;
}

} // namespace
} // namespace kx::ctl

int main(int argc, char** argv) {
    return kx::ctl::run_all({argv, argv + argc});
}
