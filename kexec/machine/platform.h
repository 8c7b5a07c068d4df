// SPDX-License-Identifier: GPL-2.0-or-later
// What the processor and the hypervisor do with memory that matters for starting another kernel.
#pragma once

#include "kexec/machine/capabilities.h"
#include "kexec/machine/system_files.h"

#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct Platform {
    std::string_view confidential_guest; // "TDX", "SEV"; empty: none that is known
    bool memory_encrypted = false;       // SME: the running kernel encrypts all memory with a key of the processor
    // A TDX host whose processors answer partial writes to private memory with a machine check: its kernel loads no
    // other (EOPNOTSUPP).
    bool tdx_erratum = false;
    // The running x86 kernel uses five-level paging: it leaves la57 out of the flags when it does not.
    bool five_level_paging = false;
};

// From /proc/cpuinfo and /proc/cmdline; what cannot be read is not there.
Platform read_platform(const SystemFiles& files);

// Clauses without a full stop.
std::string confidential_guest_text(const Platform& platform);
inline constexpr std::string_view tdx_erratum_text =
    "The processors have an erratum of TDX (tdx_pw_mce), on which this kernel loads no other";
inline constexpr std::string_view tdx_erratum_remedy = "switch TDX off in the firmware";

// Rows for read_capabilities(): Xen, confidential guest, memory encryption, TDX erratum.
std::vector<Capability> platform_capabilities(const SystemFiles& files);

} // namespace kx
