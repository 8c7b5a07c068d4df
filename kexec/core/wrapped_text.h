// SPDX-License-Identifier: GPL-2.0-or-later
// Text in columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kx {

// The words of a text, in lines that begin at the column `indent` (the first is not indented: what stands before it is
// there already) and end before the column `width`. A word that is longer than a line stands alone on one.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width);

} // namespace kx
