// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/attribute.h"

#include "kexec/core/text.h"

#include <algorithm>
#include <charconv>

namespace kx {
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
