// SPDX-License-Identifier: GPL-2.0-or-later
// Reads what the running system tells about why it refused a call, after the refusal. The caller adds what the call
// itself was (flags, files, command line, other_call_tried).
#pragma once

#include "kexec/machine/system_files.h"
#include "kexec/system/errno_text.h"

namespace kx {

CallContext read_call_context(const SystemFiles& files, bool crash);

} // namespace kx
