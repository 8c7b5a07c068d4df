// SPDX-License-Identifier: GPL-2.0-or-later
// Before a started kernel takes over, network interfaces are taken down, so that no device goes on writing received
// frames into memory that the next kernel uses.
#pragma once

#include "kexec/core/notices.h"

namespace kx {

// Clears IFF_UP of every interface that is up, except the loopback. An interface that stays up is noted and does not
// prevent the start.
void take_interfaces_down(Notices& notices);

} // namespace kx
