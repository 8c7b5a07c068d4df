// SPDX-License-Identifier: GPL-2.0-or-later
// A placed load as a golden test shows it.
#pragma once

#include "kexec/load/placed_load.h"

#include <string>

namespace kx::test {

// The plan as --dry-run prints it, boot_params taken apart, and what was noticed; or the refusal. How many bytes
// purgatory's code has depends on the compiler and is left out.
std::string placed_text(const LoadRequest& request, const Result<PlacedLoad>& load, const Notices& notices);

} // namespace kx::test
