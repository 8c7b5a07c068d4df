// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace kx {
namespace {

constexpr std::string_view white = " \t\r\n\v\f";

struct Unit {
    char letter;
    unsigned shift;
};
constexpr std::array<Unit, 4> units{{{'T', 40}, {'G', 30}, {'M', 20}, {'K', 10}}};

} // namespace

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(white);
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

std::string_view take_line(std::string_view& text) {
    const std::size_t newline = text.find('\n');
    const std::string_view line = text.substr(0, newline);
    text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
    return line;
}

std::string_view take_word(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(white), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(white));
    text.remove_prefix(word.size());
    return word;
}

bool holds_word(std::string_view line, std::string_view word) {
    for (std::string_view next = take_word(line); !next.empty(); next = take_word(line))
        if (next == word)
            return true;
    return false;
}

namespace {

std::optional<std::uint64_t> digits_in(std::string_view text, int base) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value, base);
    if (error != std::errc() || stopped != end)
        return std::nullopt;
    return value;
}

bool take_0x(std::string_view& text) {
    const bool is_there = text.starts_with("0x") || text.starts_with("0X");
    if (is_there)
        text.remove_prefix(2);
    return is_there;
}

} // namespace

std::optional<std::uint64_t> number_in(std::string_view text) {
    const int base = take_0x(text) ? 16 : 10;
    return digits_in(text, base);
}

std::optional<std::uint64_t> hex_number_in(std::string_view text) {
    take_0x(text);
    return digits_in(text, 16);
}

std::string size_text(std::uint64_t bytes) {
    constexpr std::uint64_t mib = 1 << 20;
    if (bytes >= 10 * mib)
        return fmt::format("{} MiB", bytes / mib + (bytes % mib >= mib / 2));
    if (bytes >= mib) {
        const std::uint64_t tenths = (bytes * 10 + mib / 2) / mib;
        return fmt::format("{}.{} MiB", tenths / 10, tenths % 10);
    }
    return fmt::format("{} KiB", (bytes + 1023) / 1024);
}

std::string counted(std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

Result<std::uint64_t> parse_size(std::string_view text) {
    std::string_view digits = text;
    unsigned shift = 0;
    for (const Unit& unit : units)
        if (text.ends_with(unit.letter) || text.ends_with(static_cast<char>(unit.letter | 0x20)))
            shift = unit.shift;
    if (shift)
        digits.remove_suffix(1);
    const auto number = number_in(digits);
    if (!number || *number > UINT64_MAX >> shift)
        return fail(Errc::usage, "\"{}\" is no size: a number and K, M, G or T", text.substr(0, 40));
    return *number << shift;
}

std::string size_argument(std::uint64_t size) {
    for (const Unit& unit : units)
        if (size != 0 && size % (std::uint64_t{1} << unit.shift) == 0)
            return fmt::format("{}{}", size >> unit.shift, unit.letter);
    return fmt::format("{}", size);
}

} // namespace kx
