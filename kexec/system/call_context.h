// SPDX-License-Identifier: GPL-2.0-or-later
// What the running system tells about why it refused a call; read only once it has refused. What
// the call itself was (flags, files, command line, other_call_tried) is for the caller to add.
#pragma once

#include "kexec/machine/system_files.h"
#include "kexec/system/errno_text.h"

namespace kx {

CallContext read_call_context(const SystemFiles& files, bool crash);

} // namespace kx
