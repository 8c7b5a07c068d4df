// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/standard_files.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace kx {

bool settle_standard_files() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
        if (fcntl(fd, F_GETFD) < 0 && open("/", O_PATH | O_DIRECTORY) != fd)
            return false;
    }
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);
    return true;
}

bool is_usable(int standard_file) {
    const int flags = fcntl(standard_file, F_GETFL);
    if (flags < 0 || (flags & O_PATH))
        return false;
    return (flags & O_ACCMODE) != (standard_file == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

Result<> flushed(std::FILE* out, const char* name) {
    errno = 0;
    if (std::fflush(out) == 0 && !std::ferror(out))
        return {};
    // After an earlier failure fflush may have had nothing to do, and no reason to give.
    return fail(Errc::io, "{} cannot be written{}{}", name, errno ? ": " : "", errno ? std::strerror(errno) : "");
}

sigset_t not_ignored(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : signals) {
        struct sigaction now {};
        if (sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(&set, number);
    }
    return set;
}

} // namespace kx
