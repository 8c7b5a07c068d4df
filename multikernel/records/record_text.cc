// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/records/record_text.h"

#include "kexec/core/text.h"

#include <optional>

namespace kx {
namespace {

constexpr std::size_t longest_record = 1 << 20;

bool is_line_of(std::string_view line, std::string_view key) {
    return line.starts_with(key) && line.substr(key.size(), 1) == " ";
}

std::optional<std::string> unescaped(std::string_view text) {
    std::string value;
    while (!text.empty()) {
        if (text.starts_with("\\n"))
            value += '\n';
        else if (text.starts_with("\\\\"))
            value += '\\';
        else if (text.front() == '\\')
            return std::nullopt;
        else
            value += text.front();
        text.remove_prefix(text.front() == '\\' ? 2 : 1);
    }
    return value;
}

} // namespace

std::string record_line(std::string_view key, std::string_view value) {
    std::string text = fmt::format("{} ", key);
    for (const char byte : value) {
        if (byte == '\n')
            text += "\\n";
        else if (byte == '\\')
            text += "\\\\";
        else
            text += byte;
    }
    return text + '\n';
}

Result<RecordReader> RecordReader::open(std::string_view text, std::string_view first_line, std::string_view file) {
    if (text.size() > longest_record)
        return fail(Errc::malformed, "{}: is longer than any record ({} bytes)", file, text.size());
    if (!text.ends_with('\n'))
        return fail(Errc::malformed, "{}: its last line is cut short", file);
    if (take_line(text) != first_line)
        return fail(Errc::malformed, "{}: the first line is not \"{}\"", file, first_line);
    return RecordReader(text, file);
}

bool RecordReader::has(std::string_view key) const {
    for (std::string_view rest = lines_; !rest.empty();) {
        if (is_line_of(take_line(rest), key))
            return true;
    }
    return false;
}

Result<std::string> RecordReader::text(std::string_view key) const {
    auto value = unescaped(KX_TRY(line_of(key)));
    if (!value)
        return refuse(key, "has a backslash before something other than n or a backslash");
    return *std::move(value);
}

Result<std::uint64_t> RecordReader::number(std::string_view key, std::uint64_t least, std::uint64_t most) const {
    const auto value = number_in(KX_TRY(line_of(key)));
    if (!value || *value < least || *value > most)
        return refuse(key, fmt::format("is not a number from {} to {}", least, most));
    return *value;
}

Result<std::string_view> RecordReader::line_of(std::string_view key) const {
    std::optional<std::string_view> found;
    for (std::string_view rest = lines_; !rest.empty();) {
        const std::string_view line = take_line(rest);
        if (!is_line_of(line, key))
            continue;
        if (found)
            return refuse(key, "is there twice");
        found = line.substr(key.size() + 1);
    }
    if (!found)
        return refuse(key, "is missing");
    if (found->find('\0') != std::string_view::npos)
        return refuse(key, "holds a NUL byte");
    return *found;
}

std::unexpected<Error> RecordReader::refuse(std::string_view key, std::string_view reason) const {
    return fail(Errc::malformed, "{}: \"{}\" {}", file_, key, reason);
}

} // namespace kx
