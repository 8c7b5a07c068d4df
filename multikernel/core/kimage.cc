// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/core/kimage.h"

#include "kexec/core/text.h"

#include <algorithm>
#include <optional>

namespace kx {
namespace {

constexpr std::size_t most_rows = 4096;
constexpr std::string_view nothing_loaded = "No kimages loaded"; // of the first patches, in the place of rows

std::optional<KimageRow> parse_row(std::string_view line, bool with_mode) {
    const auto id = number_in(take_word(line));
    const std::string_view type = take_word(line);
    const auto entry = number_in(take_word(line));
    const auto segments = number_in(take_word(line));
    const std::string_view mode = take_word(line);
    if (!id || *id > UINT32_MAX || !entry || !segments || mode.empty() == with_mode)
        return std::nullopt;
    std::string_view quoted = trimmed(line);
    if (!quoted.empty()) {
        if (quoted.size() < 2 || !quoted.starts_with('"') || !quoted.ends_with('"'))
            return std::nullopt;
        quoted = quoted.substr(1, quoted.size() - 2);
    }
    return KimageRow{.id = static_cast<std::uint32_t>(*id),
                     .type = std::string(type),
                     .entry = *entry,
                     .segments = *segments,
                     .mode = std::string(mode),
                     .command_line = std::string(quoted)};
}

bool is_rule(std::string_view line) {
    return !trimmed(line).empty() && line.find_first_not_of("- ") == line.npos;
}

} // namespace

Result<std::vector<KimageRow>> parse_kimage(std::string_view text) {
    std::string_view title = take_line(text);
    if (take_word(title) != "MK_ID")
        return fail(Errc::malformed, "line 1: is not the header of a list of images");
    const bool with_mode = title.contains("Mode");
    if (!is_rule(take_line(text)))
        return fail(Errc::malformed, "line 2: is not the line of dashes below the header");
    std::vector<KimageRow> rows;
    if (trimmed(text) == nothing_loaded)
        return rows;
    for (std::size_t number = 3; !text.empty(); number++) {
        const std::string_view line = take_line(text);
        auto row = parse_row(line, with_mode);
        if (!row)
            return fail(Errc::malformed, "line {}: \"{}\" is not \"id type entry segments{}\"", number,
                        line.substr(0, 80), with_mode ? " mode \"command line\"" : "");
        if (rows.size() == most_rows)
            return fail(Errc::malformed, "line {}: more images than the {} that any kernel holds", number, most_rows);
        rows.push_back(*std::move(row));
    }
    return rows;
}

} // namespace kx
