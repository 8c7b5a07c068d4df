// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/shown.h"

#include <fmt/format.h>

namespace kx {

std::string shown(PhysRange range) {
    return fmt::format("{:#x}-{:#x}", range.begin, range.end == UINT64_MAX ? UINT64_MAX : range.end - 1);
}

std::string path_in(std::string_view folder, std::string_view name) {
    return fmt::format("{}{}{}", folder, folder.ends_with('/') ? "" : "/", name);
}

} // namespace kx
