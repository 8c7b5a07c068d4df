// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/command.h"
#include "multikernel/ctl/run.h"

namespace kx::ctl {
namespace {

int run_here(std::span<const std::string> words) {
    const DirectoryFiles files("/");
    RunningKernel kernel;
    return run(words, {.files = files, .kernel = kernel, .out = stdout, .err = stderr});
}

} // namespace
} // namespace kx::ctl

int main(int argc, char** argv) {
    return kx::run_program(kx::ctl::program, {argv, argv + argc}, kx::ctl::run_here);
}
