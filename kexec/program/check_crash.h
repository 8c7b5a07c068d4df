// SPDX-License-Identifier: GPL-2.0-or-later
// What stands between this machine and a crash kernel, beyond what one file tells.
#pragma once

#include "kexec/machine/capabilities.h"
#include "kexec/machine/system_files.h"

namespace kx {

// Whether kexec_load of a crash kernel can be planned: "yes", "limited" with what a dump will lack, "no" with the
// obstacle, or "unknown" where the files cannot be read.
Capability crash_kernel_capability(const SystemFiles& files);

} // namespace kx
