// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/message.h"

#include "kdump/program/command.h"

namespace kx::kdump {

std::string without_controls(std::string_view text) {
    std::string out(text);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto c = static_cast<unsigned char>(out[i]);
        const bool c1 = c >= 0x80 && c < 0xa0 && i > 0 && static_cast<unsigned char>(text[i - 1]) == 0xc2;
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || c1)
            out[i] = '?';
        if (c1)
            out[i - 1] = '?';
    }
    return out;
}

void print_message(std::string_view program, std::string_view text) {
    print(stderr, "{}: {}\n", program, without_controls(text));
}

} // namespace kx::kdump
