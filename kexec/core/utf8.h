// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace kx {

// The UTF-8 character at the beginning of a text that is not empty, and how many bytes it has; nothing: it is none.
std::optional<std::pair<char32_t, std::size_t>> first_character(std::string_view text);

} // namespace kx
