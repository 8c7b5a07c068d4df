// SPDX-License-Identifier: GPL-2.0-or-later
// The setup_data list that the running x86 kernel was started with.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kx {

struct RunningSetupData {
    std::uint32_t type; // without SETUP_INDIRECT, which the kernel resolves
    std::vector<std::byte> payload;
    friend bool operator==(const RunningSetupData&, const RunningSetupData&) = default;
};

// /sys/kernel/boot_params/setup_data, in its order, without random seeds. Notes what cannot be read; Errc::malformed
// for what breaks the format, more than 256 nodes, or more than 64 MiB.
Result<std::vector<RunningSetupData>> read_setup_data(const SystemFiles& files, Notices& notices);

} // namespace kx
