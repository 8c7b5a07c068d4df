// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/wrapped_text.h"

#include <algorithm>

namespace kx {
namespace {

// UTF-8 characters; a wide one counts as one, too.
std::size_t length_of(std::string_view word) {
    return static_cast<std::size_t>(
        std::ranges::count_if(word, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

} // namespace

std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
    constexpr std::size_t least = 20; // on a very narrow terminal the terminal wraps
    const std::size_t room = std::max(width, indent + least) - indent;
    std::string lines;
    std::size_t used = 0;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        if (word.empty())
            continue;
        const std::size_t length = length_of(word);
        if (used > 0 && used + 1 + length > room) {
            lines += '\n' + std::string(indent, ' ');
            used = 0;
        }
        lines += used > 0 ? " " : "";
        lines += word;
        used += length + (used > 0);
    }
    return lines;
}

} // namespace kx
