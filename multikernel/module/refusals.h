// SPDX-License-Identifier: GPL-2.0-or-later
// The calls of a stock kernel with multikernel/kmod, and why it refuses them (doc/multikernel-abi.md).
#pragma once

#include "kexec/system/instance_call.h"

namespace kx {

extern const InstanceCall module_load_call;   // kexec_load(2) with KEXEC_MULTIKERNEL
extern const InstanceCall module_unload_call; // the same without segments
extern const InstanceCall module_memory_call; // writing an instance's memory
extern const InstanceCall module_cpus_call;   // writing an instance's cpus
extern const InstanceCall module_start_call;  // reboot(2) with LINUX_REBOOT_CMD_MULTIKERNEL
extern const InstanceCall module_halt_call;   // reboot(2) with LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT

} // namespace kx
