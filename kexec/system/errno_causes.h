// SPDX-License-Identifier: GPL-2.0-or-later
// What can be behind an errno: the table that explain() (errno_text.h) reads.
#pragma once

#include "kexec/system/errno_text.h"

#include <string>
#include <vector>

namespace kx {

struct Cause {
    std::string what;    // a clause: "this process lacks CAP_SYS_BOOT"
    std::string remedy;  // an imperative clause: "run it as root"
    bool proven = false; // the context shows that this is it
};

// Most likely first, without those that the context excludes; empty for an errno that is not in the table.
std::vector<Cause> causes_of(Call call, int error, const CallContext& context);
// What the context shows to stand in the way of a load before it is tried: the running kernel would refuse it. But for
// the rights of this process, which may be another's by then.
std::vector<Cause> foreseen_causes(Call call, const CallContext& context);
// What stops kexec_load(2) while it copies the segments of an instance: EFAULT, EINTR; empty for any other.
std::vector<Cause> segment_copy_causes(int error);

} // namespace kx
