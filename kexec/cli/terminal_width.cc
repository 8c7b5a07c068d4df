// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/terminal_width.h"

#include <sys/ioctl.h>

namespace kx {

std::size_t columns(int fd) {
    constexpr std::size_t otherwise = 80;
    winsize size{};
    return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : otherwise;
}

} // namespace kx
