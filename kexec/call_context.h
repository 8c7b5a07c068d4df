// SPDX-License-Identifier: GPL-2.0-or-later
// What the running system tells about why it refused a call; read only once it has refused.
#pragma once

#include "machine/system_files.h"
#include "system/errno_text.h"

namespace kx {

CallContext read_call_context(const SystemFiles& files, bool crash);

} // namespace kx
