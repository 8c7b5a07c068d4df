// SPDX-License-Identifier: GPL-2.0-or-later
// The memory that a user asks for an instance.
#pragma once

#include "kexec/core/result.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace kx {

// Memory is given to instances in pages of this size (bytes).
inline constexpr std::uint64_t instance_page_size = 4096;

// --memory SIZE[@ADDR]: SIZE as parse_size reads it, not 0; both whole pages.
struct MemoryWish {
    std::uint64_t size = 0;
    std::optional<std::uint64_t> address; // physical
    friend bool operator==(const MemoryWish&, const MemoryWish&) = default;
};
Result<MemoryWish> parse_memory_wish(std::string_view text); // Errc::usage

} // namespace kx
