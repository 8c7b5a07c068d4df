// SPDX-License-Identifier: GPL-2.0-or-later
// What a verb may want to know of a kernel, whatever its format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace kx {

struct ImageFacts {
    std::string kernel_version;                      // the image's own text, may be empty
    std::optional<std::uint64_t> command_line_limit; // bytes, without the NUL; nothing: not told
    // Why it cannot be entered where the running kernel's page tables have five levels; empty: it can.
    std::string no_five_level_paging;
};

} // namespace kx
