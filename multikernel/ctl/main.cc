// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/command.h"
#include "multikernel/ctl/run.h"

#include <csignal>
#include <exception>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace kx::ctl {
namespace {

// A file that is opened must not become standard output, and a reader who went away ends no change half-way.
void settle_standard_files() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd)
            _exit(exit_failure);
    }
    std::signal(SIGPIPE, SIG_IGN);
}

int run_all(const std::vector<std::string>& words) {
    settle_standard_files();
    const DirectoryFiles files("/");
    RunningKernel kernel;
    int code = exit_failure;
    try {
        code = run(words, {.files = files, .kernel = kernel, .out = stdout, .err = stderr});
    } catch (const std::exception& exception) { // a library's; ours are values
        std::fprintf(stderr, "multikernelctl: %s\n", exception.what());
    }
    if ((std::fflush(stdout) != 0 || std::ferror(stdout)) && code == exit_done) {
        std::fprintf(stderr, "multikernelctl: standard output cannot be written\n");
        return exit_failure;
    }
    return code;
}

} // namespace
} // namespace kx::ctl

int main(int argc, char** argv) {
    return kx::ctl::run_all({argv, argv + argc});
}
