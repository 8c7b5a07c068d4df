// SPDX-License-Identifier: GPL-2.0-or-later
// A boot_params segment read back as the kernel would read it, following physical addresses inside the segment only.
#pragma once

#include "include/layout/boot_params.h"
#include "kexec/plan/placement.h"

#include <string>

namespace kx::test {

std::string boot_params_text(const Segment& segment);

} // namespace kx::test
