// SPDX-License-Identifier: GPL-2.0-or-later
// Why the running kernel refused a call about an instance, in words. Each dialect describes its own calls and brings
// the causes of their errnos: nothing here knows a dialect.
#pragma once

#include "kexec/system/errno_causes.h"

#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct InstanceCall {
    std::string_view name;      // "kexec_load with KEXEC_MULTIKERNEL"
    std::string_view system_call; // "kexec_load"
    bool counted = false;       // kernel.kexec_load_limit_reboot counts it
    bool needs_no_lockdown = true;
    bool needs_first_threads = false; // EPERM also where SMT is off and a CPU is not the first thread of its core
    // Most likely first; empty for an errno that is not known. Never asked about EPERM.
    std::vector<Cause> (*causes)(int error, const CallContext& context) = nullptr;
};

// As for the calls of errno_text.h and errno_causes.h.
std::vector<Cause> causes_of(const InstanceCall& call, int error, const CallContext& context);
std::vector<Cause> foreseen_causes(const InstanceCall& call, const CallContext& context);
std::string explain(const InstanceCall& call, Errno error, const CallContext& context);
Error refusal(const InstanceCall& call, Errno error, const CallContext& context);

} // namespace kx
