// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "kexec/machine/system_files.h"

namespace kx {

// Whether the running kernel is known to take KEXEC_DEBUG (0x10) in kexec_load(2). The same bit is KEXEC_MULTIKERNEL,
// and a kernel with the first multikernel patches, which nothing else betrays, would take a load with it for one of
// its own images. So the kernel's symbols have to say both: that it has the debug flag, by the variable that the flag
// sets, and that nothing of multikernel is in it.
bool load_knows_debug_flag(const SystemFiles& files);

} // namespace kx
