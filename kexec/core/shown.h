// SPDX-License-Identifier: GPL-2.0-or-later
// How ranges and paths are written in messages.
#pragma once

#include "kexec/core/phys_range.h"

#include <string>
#include <string_view>

namespace kx {

// "0x1000-0x1fff": with the last byte, as /proc/iomem and --mem-max have it. A range without an upper end ends with all
// bits set.
std::string shown(PhysRange range);

// `name` inside `folder`, with one slash between them, also where the folder ends with one (as / does).
std::string path_in(std::string_view folder, std::string_view name);

} // namespace kx
