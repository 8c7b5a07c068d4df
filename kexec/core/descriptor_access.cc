// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/descriptor_access.h"

#include <fcntl.h>

namespace kx {
namespace {

bool is_open_but_not(int fd, int other_access) {
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && !(flags & O_PATH) && (flags & O_ACCMODE) != other_access;
}

} // namespace

bool is_open_for_reading(int fd) {
    return is_open_but_not(fd, O_WRONLY);
}

bool is_open_for_writing(int fd) {
    return is_open_but_not(fd, O_RDONLY);
}

} // namespace kx
