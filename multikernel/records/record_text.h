// SPDX-License-Identifier: GPL-2.0-or-later
// The text of what this program keeps below /run/kexec-tools-mk: lines of a key, a blank and the value to the end of
// the line, in which \n stands for a newline and \\ for a backslash; every other byte but NUL stands for itself. The
// first line says what kind of text it is.
#pragma once

#include "kexec/core/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace kx {

// "key value\n", with what has to be escaped.
std::string record_line(std::string_view key, std::string_view value);

// Takes the values of the lines. A refusal names file and key (Errc::malformed). Keys that nobody asks for are ignored.
class RecordReader {
public:
    // `text` and `file` are borrowed. Refuses what does not begin with `first_line`, is cut short or longer than 1 MiB.
    static Result<RecordReader> open(std::string_view text, std::string_view first_line, std::string_view file);

    bool has(std::string_view key) const;
    Result<std::string> text(std::string_view key) const;
    Result<std::uint64_t> number(std::string_view key, std::uint64_t least, std::uint64_t most) const;
    // As it is in the file: escapes are left.
    Result<std::string_view> line_of(std::string_view key) const;
    std::unexpected<Error> refuse(std::string_view key, std::string_view reason) const;

private:
    RecordReader(std::string_view lines, std::string_view file) : lines_(lines), file_(file) {}
    std::string_view lines_;
    std::string_view file_;
};

} // namespace kx
