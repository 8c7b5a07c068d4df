// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/standard_files.h"

#include "kexec/core/descriptor_access.h"

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
    return standard_file == STDIN_FILENO ? is_open_for_reading(standard_file) : is_open_for_writing(standard_file);
}

Result<> flushed(std::FILE* out, const char* name) {
    errno = 0;
    if (std::fflush(out) == 0 && !std::ferror(out))
        return {};
    // After an earlier failure fflush may have had nothing to do, and no reason to give.
    return fail(Errc::io, "{} cannot be written{}{}", name, errno ? ": " : "", errno ? std::strerror(errno) : "");
}

} // namespace kx
