// SPDX-License-Identifier: GPL-2.0-or-later
// The memory blocks that this program put offline, so that it gives back no other: one number a line in
// /run/kexec-tools-mk/pool.
#pragma once

#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kx {

// Empty where there is no record. Errc::malformed names the line.
Result<std::vector<std::uint32_t>> read_pool_record(const SystemFiles& files);

// Below `root` ("/" but in tests).
Result<> write_pool_record(const std::string& root, std::span<const std::uint32_t> blocks);

} // namespace kx
