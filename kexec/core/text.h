// SPDX-License-Identifier: GPL-2.0-or-later
// Words, numbers and sizes in text, read and written.
#pragma once

#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kx {

// Without white space at either end.
std::string_view trimmed(std::string_view text);

// Cuts the first line off `text` and returns it without its newline.
std::string_view take_line(std::string_view& text);

// Skips blanks, cuts the next word off `text` and returns it; empty where there is none.
std::string_view take_word(std::string_view& text);

// `line`, cut at blanks and newlines, has `word`.
bool holds_word(std::string_view line, std::string_view word);

// All of `text` is one number: decimal, or hexadecimal after 0x.
std::optional<std::uint64_t> number_in(std::string_view text);
// All of `text` is one hexadecimal number, with or without 0x.
std::optional<std::uint64_t> hex_number_in(std::string_view text);

// "51 MiB", "1.5 MiB", "32 KiB": for people.
std::string size_text(std::uint64_t bytes);

// "1 CPU", "2 CPUs".
std::string counted(std::size_t count, std::string_view what);

// "256M", "0x1000", "1G": a number and K, M, G or T, upper or lower case. Errc::usage.
Result<std::uint64_t> parse_size(std::string_view text);
// The shortest text that parse_size reads as this size.
std::string size_argument(std::uint64_t size);

} // namespace kx
