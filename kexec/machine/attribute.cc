// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/attribute.h"

#include <algorithm>
#include <charconv>

namespace kx {
namespace {

constexpr std::string_view white = " \t\r\n\v\f";

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

Result<std::string> read_value(const SystemFiles& files, std::string_view path) {
    const std::string content = KX_TRY(files.read(path));
    return std::string(trimmed(content));
}

Result<std::uint64_t> read_number(const SystemFiles& files, std::string_view path) {
    const std::string value = KX_TRY(read_value(files, path));
    const auto number = number_in(value);
    if (!number)
        return fail(Errc::malformed, "{}: holds \"{}\", not a number", files.display(path),
                    std::string_view(value).substr(0, 80));
    return *number;
}

std::optional<std::string> read_if_there(const SystemFiles& files, std::string_view path, Notices& notices,
                                         std::string_view consequence) {
    auto content = files.read(path);
    if (content)
        return *std::move(content);
    if (content.error().code != Errc::not_found)
        notices.add("{}; {}", content.error().message, consequence);
    return std::nullopt;
}

Result<std::vector<std::string>> numbered_entries(const SystemFiles& files, std::string_view path, std::size_t most,
                                                  std::string_view prefix) {
    constexpr std::size_t most_digits = 9;
    const auto digits = [prefix](std::string_view name) { return name.substr(prefix.size()); };
    auto names = KX_TRY(files.list(path));
    std::erase_if(names, [&](std::string_view name) {
        return !name.starts_with(prefix) || digits(name).empty() || digits(name).size() > most_digits ||
               !std::ranges::all_of(digits(name), [](char c) { return c >= '0' && c <= '9'; });
    });
    if (names.size() > most)
        return fail(Errc::malformed, "{}: has {} entries, more than {}", files.display(path), names.size(), most);
    std::ranges::sort(names, {}, [&](const std::string& name) { return *number_in(digits(name)); });
    return names;
}

} // namespace kx
