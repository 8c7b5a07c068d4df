// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kexec/machine/system_files.h"

namespace kx {

// Whether the running kernel is known to take KEXEC_DEBUG (0x10) in kexec_load(2). The same bit is KEXEC_MULTIKERNEL: a
// kernel with the first multikernel patches, which no file reveals, would load an instance's image instead. So the
// kernel's symbols have to show two things: the variable that the debug flag sets is there, and nothing of multikernel
// is.
bool load_knows_debug_flag(const SystemFiles& files);

} // namespace kx
