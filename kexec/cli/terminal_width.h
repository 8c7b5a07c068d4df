// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>

namespace kx {

// How many characters a line of this terminal has; 80 where it is none or does not tell.
std::size_t columns(int fd);

} // namespace kx
