// SPDX-License-Identifier: GPL-2.0-or-later
// Other kernels beside the running one: who would answer a multikernel call, and the memory that they hold.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <string_view>
#include <vector>

namespace kx {

// A call is made only where this was found out for certain: on any other kernel the same flag bits mean other things.
enum class MultikernelDialect {
    none,
    module, // multikernel/kmod: the first line of /sys/fs/multikernel/abi is MULTIKERNEL_MODULE_ABI
    native, // a multikernel kernel: `multikernel` in /proc/filesystems
};
MultikernelDialect multikernel_dialect(const SystemFiles& files);
// "none", "module", "native".
std::string_view name_of(MultikernelDialect dialect);

// Physical, sorted and disjoint: the `memory` lines of multikernel/kmod's pool (doc/multikernel-abi.md). Much of it is
// System RAM in /proc/iomem. Empty without the module; only root may read it (Errc::denied).
Result<std::vector<PhysRange>> read_instance_memory(const SystemFiles& files);

} // namespace kx
