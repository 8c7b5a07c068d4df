// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/utf8.h"

namespace kx {

std::optional<std::pair<char32_t, std::size_t>> first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80)
        return std::pair(static_cast<char32_t>(lead), std::size_t{1});
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead >= 0xf5 || text.size() < length)
        return std::nullopt;
    char32_t character = lead & (0xffu >> (length + 1));
    for (const char next : text.substr(1, length - 1)) {
        if ((static_cast<unsigned char>(next) & 0xc0) != 0x80)
            return std::nullopt;
        character = character << 6 | (static_cast<unsigned char>(next) & 0x3f);
    }
    const bool overlong = (length == 3 && character < 0x800) || (length == 4 && character < 0x10000);
    if (overlong || character > 0x10ffff || (character >= 0xd800 && character < 0xe000))
        return std::nullopt;
    return std::pair(character, length);
}

} // namespace kx
