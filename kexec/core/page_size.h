// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace kx {

// Bytes of a page of the kernel that this program runs on: what mmap and madvise go by. A dump and a machine that is
// planned for have page sizes of their own. May be called in a signal handler.
std::uint64_t own_page_size();

} // namespace kx
