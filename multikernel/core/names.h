// SPDX-License-Identifier: GPL-2.0-or-later
// Names of instances.
#pragma once

#include "kexec/core/result.h"

#include <string_view>

namespace kx {

// What multikernel kernels take as an instance's name, and this program: a letter, then letters, digits, '-', '_' and
// '.', at most 63; not "all". Errc::usage.
Result<> check_instance_name(std::string_view name);

} // namespace kx
