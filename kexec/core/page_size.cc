// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/page_size.h"

#include <unistd.h>

namespace kx {

std::uint64_t own_page_size() {
    return static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

} // namespace kx
