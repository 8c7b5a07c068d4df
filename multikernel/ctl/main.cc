// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/standard_files.h"
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
        std::fprintf(stderr, "multikernelctl: %s\n", exception.what());
    }
    const auto arrived = flushed(stdout, "standard output");
    if (arrived || code != exit_done)
        return code;
    std::fprintf(stderr, "multikernelctl: %s\n", arrived.error().message.c_str());
    return exit_failure;
}

} // namespace
} // namespace kx::ctl

int main(int argc, char** argv) {
    return kx::ctl::run_all({argv, argv + argc});
}
