// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/ctl/kexec_program.h"

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace kx::ctl {

std::string kexec_program() {
    std::array<char, PATH_MAX> path{};
    const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
    if (length > 0 && static_cast<std::size_t>(length) < path.size()) {
        std::string beside(path.data(), static_cast<std::size_t>(length));
        beside.replace(beside.find_last_of('/') + 1, std::string::npos, "kexec");
        std::error_code unknown;
        if (std::filesystem::is_regular_file(beside, unknown) && access(beside.c_str(), X_OK) == 0)
            return beside;
    }
    return "kexec";
}

Result<int> run_kexec(std::span<const std::string> arguments, KexecOutput output) {
    std::string program = kexec_program();
    std::vector<std::string> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words)
        argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t child = 0;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    if (output == KexecOutput::standard_error)
        posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    const int error = posix_spawnp(&child, program.c_str(), &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        return fail(error == ENOENT ? Errc::not_found : Errc::io, "{} cannot be run: {}", program,
                    std::strerror(error));
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return fail(Errc::io, "{}: {}", program, std::strerror(errno));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace kx::ctl
