// SPDX-License-Identifier: GPL-2.0-or-later
// Where Xen, and not the running kernel, loads and starts kernels.
#pragma once

#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

namespace kx {

// Errc::unsupported, with the file that tells it, in Xen's dom0, where only the hypervisor can start another kernel at
// a reboot or after a crash, and in a paravirtualized guest, which cannot start one at all. A guest that Xen runs in
// hardware virtualization (HVM, PVH) is a machine as any other.
Result<> refuse_xen(const SystemFiles& files);

} // namespace kx
