// SPDX-License-Identifier: GPL-2.0-or-later
// Both numbers of the CPUs, as far as /proc/cpuinfo and what this program remembers tell.
#pragma once

#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"
#include "multikernel/core/cpu_list.h"

#include <string>
#include <string_view>
#include <vector>

namespace kx {

// Every CPU's logical number and physical id (x86: APIC id) in /proc/cpuinfo, by logical number; no number twice.
// Nothing where the architecture does not tell there; a number over 32 bits is left out.
std::vector<Cpu> parse_cpuinfo(std::string_view text);

// By logical number: what /proc/cpuinfo tells, and what run/kexec-tools-mk/cpus has beside that. Errc::malformed for
// the latter. A user who may not read that file gets what /proc/cpuinfo tells.
Result<std::vector<Cpu>> read_known_cpus(const SystemFiles& files);

// Adds to /run/kexec-tools-mk/cpus (below `root`) what /proc/cpuinfo tells now of logical and physical numbers. To be
// called before CPUs are moved into the pool.
Result<> remember_cpus(const std::string& root, const SystemFiles& files);

// Logical numbers of the CPUs that run, as /sys/devices/system/cpu/online has them. Empty without that file.
Result<std::vector<std::uint32_t>> read_online_cpus(const SystemFiles& files);

} // namespace kx
