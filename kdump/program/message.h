// SPDX-License-Identifier: GPL-2.0-or-later
// Messages on standard error. They may quote what a dump says of itself, which may be anything.
#pragma once

#include <string>
#include <string_view>

namespace kx::kdump {

// The text without what a terminal would obey: each control character but the line end and the tab is a "?". UTF-8
// stays, as file names have it.
std::string without_controls(std::string_view text);

// "PROGRAM: text\n" on standard error.
void print_message(std::string_view program, std::string_view text);

} // namespace kx::kdump
