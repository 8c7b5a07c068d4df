// SPDX-License-Identifier: GPL-2.0-or-later
// What the running kernel tells of the EFI firmware below /sys/firmware/efi.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/core/result.h"
#include "kexec/machine/machine.h"
#include "kexec/machine/system_files.h"

#include <optional>

namespace kx {

// Nothing on a machine that was not started by EFI. A value that may not be read stays 0 and is noted. An entry of the
// runtime map without one of its values is Errc::malformed.
Result<std::optional<EfiFacts>> read_efi(const SystemFiles& files, Notices& notices);

} // namespace kx
