// SPDX-License-Identifier: GPL-2.0-or-later
// The calls of a multikernel kernel, and why it refuses them (doc/multikernel-dialects.md).
#pragma once

#include "kexec/system/instance_call.h"

namespace kx {

extern const InstanceCall native_load_call;       // kexec_file_load(2) with KEXEC_MULTIKERNEL
extern const InstanceCall native_unload_call;     // the same with KEXEC_FILE_UNLOAD
extern const InstanceCall native_start_call;      // reboot(2) with LINUX_REBOOT_CMD_MULTIKERNEL
extern const InstanceCall native_halt_call;       // reboot(2) with LINUX_REBOOT_CMD_MULTIKERNEL_HALT
extern const InstanceCall native_force_halt_call; // reboot(2) with LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT

// Whether an instance of a multikernel kernel may be removed after a load of it was refused like this. Not after
// ENOMEM, which leaves the kernel's allocator such that the removal stops the running kernel, and not after what is not
// known.
bool removable_after_load(Errno error);
// Whether such an answer to a load tells that the instance is as it was: an image that it has is of another load.
bool untouched_by_load(Errno error);

} // namespace kx
