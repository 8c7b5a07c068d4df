// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/terminal_text.h"

#include "kexec/core/utf8.h"

#include <algorithm>

#include <fmt/format.h>

namespace kx {
namespace {

// Unicode's embeddings, overrides, isolates and marks of direction, and its line ends. Where they are obeyed, a text
// reads as another than it is.
bool reorders(char32_t c) {
    return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

bool is_plain_ascii(char c) {
    return c >= 0x20 && c < 0x7f;
}

std::string shown(std::string_view text, bool lines) {
    const auto stays = [lines](char c) { return is_plain_ascii(c) || (lines && (c == '\n' || c == '\t')); };
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto plain = static_cast<std::size_t>(std::ranges::find_if_not(text, stays) - text.begin());
        out.append(text.substr(0, plain));
        text.remove_prefix(plain);
        if (text.empty())
            break;
        const auto character = first_character(text);
        const std::string_view bytes = text.substr(0, character ? character->second : 1);
        if (character && !is_control(character->first) && !reorders(character->first))
            out.append(bytes);
        else
            for (const char byte : bytes)
                out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
        text.remove_prefix(bytes.size());
    }
    return out;
}

} // namespace

std::string printable(std::string_view text) {
    return shown(text, false);
}

std::string printable_lines(std::string_view text) {
    return shown(text, true);
}

std::string escaped_json(std::string document) {
    if (std::ranges::all_of(document, [](char c) { return is_plain_ascii(c) || c == '\n'; }))
        return document;
    std::string out;
    out.reserve(document.size());
    for (std::string_view rest = document; !rest.empty();) {
        const auto character = first_character(rest).value_or(std::pair(U'\ufffd', std::size_t{1}));
        if (rest[0] != '\n' && (is_control(character.first) || reorders(character.first)))
            out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(character.first));
        else
            out.append(rest.substr(0, character.second));
        rest.remove_prefix(character.second);
    }
    return out;
}

} // namespace kx
