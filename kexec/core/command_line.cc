// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/command_line.h"

#include <algorithm>

namespace kx {

std::vector<std::string_view> command_line_words(std::string_view command_line) {
    constexpr std::string_view blanks = " \t\n\v\f\r";
    std::vector<std::string_view> words;
    std::size_t begin = std::string_view::npos;
    bool quoted = false;
    for (std::size_t i = 0; i <= command_line.size(); ++i) {
        const bool at_end = i == command_line.size();
        const bool blank = at_end || (!quoted && blanks.find(command_line[i]) != std::string_view::npos);
        if (!at_end && command_line[i] == '"')
            quoted = !quoted;
        if (!blank && begin == std::string_view::npos)
            begin = i;
        if (blank && begin != std::string_view::npos) {
            words.push_back(command_line.substr(begin, i - begin));
            begin = std::string_view::npos;
        }
    }
    return words;
}

std::string_view parameter_name(std::string_view word) {
    if (word.starts_with('"'))
        word.remove_prefix(1);
    return word.substr(0, word.find_first_of("=\""));
}

bool has_parameter(std::string_view command_line, std::string_view name) {
    return std::ranges::any_of(command_line_words(command_line),
                               [name](std::string_view word) { return parameter_name(word) == name; });
}

std::optional<std::string> parameter_value(std::string_view command_line, std::string_view name) {
    std::optional<std::string> value;
    for (std::string_view word : command_line_words(command_line)) {
        const auto equals = word.find('=');
        if (parameter_name(word) != name || equals == std::string_view::npos)
            continue;
        value = word.substr(equals + 1);
        std::erase(*value, '"');
    }
    return value;
}

std::string without_parameters(std::string_view command_line, std::initializer_list<std::string_view> names) {
    const char* const end = command_line.data() + command_line.size();
    const char* next = command_line.data();
    std::string kept;
    for (std::string_view word : command_line_words(command_line)) {
        if (std::ranges::find(names, parameter_name(word)) == names.end())
            continue;
        const char* const behind = word.data() + word.size();
        kept.append(next, word.data());
        next = behind == end ? end : behind + 1;
    }
    return kept.append(next, end);
}

} // namespace kx
