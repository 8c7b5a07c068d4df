// SPDX-License-Identifier: GPL-2.0-or-later
// Exit codes that scripts know, and what every verb works with.
#pragma once

#include "kexec/cli/print.h"
#include "kexec/core/notices.h"
#include "kexec/machine/system_files.h"
#include "kexec/program/options.h"
#include "kexec/system/kernel.h"
#include "multikernel/core/control.h"

#include <cstdio>

namespace kx {

inline constexpr int exit_ok = 0;
inline constexpr int exit_usage = 1;             // also: loaded (-S), nothing to start (-e), no crash reservation (-p)
inline constexpr int exit_no_file_load = 253;    // -s on a kernel without kexec_file_load
inline constexpr int exit_no_crash_memory = 254; // -p: /proc/iomem does not show where memory is reserved
inline constexpr int exit_failure = 255;

struct Session {
    const Options& options;
    const SystemFiles& files;
    Kernel& kernel;
    Notices& notices;
    std::string run_root = "/"; // /run is below it; tests have their own

    InstanceControl control() const { return {kernel, files, notices, run_root, {}}; }
};

// Under --strict, a load about which there is a note is refused.
Result<> refuse_if_strict(const Session& session);

// How the notices of a session are told.
void tell_on_standard_error(const std::string& notice);

} // namespace kx
