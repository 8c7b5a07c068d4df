// SPDX-License-Identifier: GPL-2.0-or-later
// The calls of kernels with the first multikernel patches, and why they refuse them.
#pragma once

#include "kexec/system/instance_call.h"

namespace kx {

extern const InstanceCall v1_load_call;   // kexec_load(2) with KEXEC_MULTIKERNEL: no ids
extern const InstanceCall v1_unload_call; // the same without segments
extern const InstanceCall v1_start_call;  // reboot(2) with LINUX_REBOOT_CMD_MULTIKERNEL

} // namespace kx
