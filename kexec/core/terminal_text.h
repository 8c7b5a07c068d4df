// SPDX-License-Identifier: GPL-2.0-or-later
// Text that is safe to show on a terminal, whatever the names, files and devices that it quotes hold.
#pragma once

#include <string>
#include <string_view>

namespace kx {

// The text on one line, with nothing in it that a terminal obeys: each byte of a control character (C0, DEL, C1, line
// ends and tabs too), of a character that turns the direction of text or ends a line, and of what is no UTF-8, stands
// there as \x1b. Other UTF-8 stays.
std::string printable(std::string_view text);
// The same for text of several lines: '\n' and '\t' stay.
std::string printable_lines(std::string_view text);

// A JSON document, as a serializer wrote it: what it leaves as it is and a terminal would obey becomes \u009b.
std::string escaped_json(std::string document);

// The document of a nlohmann::basic_json as text, for a terminal, too. Bytes that are no UTF-8 become U+FFFD.
template <typename Json> std::string json_text(const Json& document, int indent = 2) {
    return escaped_json(document.dump(indent, ' ', false, Json::error_handler_t::replace));
}

} // namespace kx
