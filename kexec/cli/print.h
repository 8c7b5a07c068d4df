// SPDX-License-Identifier: GPL-2.0-or-later
// How the programs print. What they print is read on terminals, so all of it goes through printable_lines(). A reader
// that went away, or a full disk, never stops a program half-way: what cannot be written is dropped, and run_program()
// fails in the end if that was standard output.
#pragma once

#include <cstdio>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace kx {

void print_text(std::FILE* to, std::string_view text);

template <typename... Args> void print(std::FILE* to, fmt::format_string<Args...> format, Args&&... args) {
    print_text(to, fmt::format(format, std::forward<Args>(args)...));
}

// "PROGRAM: message\n", on one line whatever the message quotes.
void print_message(std::FILE* to, std::string_view program, std::string_view message);

// A line on standard error for a user who waits; nothing where that is no terminal.
void progress(std::string_view text);

} // namespace kx
