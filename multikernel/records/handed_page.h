// SPDX-License-Identifier: GPL-2.0-or-later
// What each instance was handed when it was loaded, since no kernel shows it. One file an instance below
// /run/kexec-tools-mk/handovers, named by its id, with the page's bytes; kept and removed with its record (record.h).
#pragma once

#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace kx {

// Through `files` ("run/kexec-tools-mk/handovers/ID"). Errc::not_found without one.
Result<std::string> read_kept_handover(const SystemFiles& files, std::uint32_t id);

// Below `root` ("/" but in tests), whole or not at all, mode 0600. Removing one that is not there is no error.
Result<> keep_handover(const std::string& root, std::uint32_t id, std::span<const std::byte> page);
Result<> remove_kept_handover(const std::string& root, std::uint32_t id);

} // namespace kx
