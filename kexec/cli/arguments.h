// SPDX-License-Identifier: GPL-2.0-or-later
// The words of a command line, read by getopt_long as the rows of a table say.
#pragma once

#include "kexec/core/result.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <getopt.h>

namespace kx {

struct ArgumentRow {
    const char* name;  // without the dashes
    char letter;       // 0 for none
    const char* value; // its name in the help, in brackets where it may be left out, nullptr where there is none
    const char* text;
};

// What was given. Names are those of the rows.
class Arguments {
public:
    bool given(std::string_view name) const;
    // The last value; nullptr where the option was not given, or without a value.
    const std::string* value(std::string_view name) const;
    const std::vector<std::string>& operands() const { return operands_; }

private:
    friend Result<Arguments> parse_arguments(const std::string&, std::span<const std::string>,
                                             std::span<const ArgumentRow>);
    friend Arguments operands_only(std::vector<std::string> operands);
    struct Given {
        std::string name;
        bool has_value;
        std::string value;
    };
    const Given* last(std::string_view name) const;
    std::vector<Given> given_;
    std::vector<std::string> operands_;
};

// Names the option that getopt_long refused (its `answer` is '?' or ':'), in getopt_long's own words. getopt_long
// itself is kept silent by letters that begin with ':', since it prints what it quotes unescaped.
std::string refused_option(int answer, char* const* argv, std::span<const option> long_options);

// `called` is the program and the command, "multikernelctl create": the message of an error names its --help.
// Errc::usage.
Result<Arguments> parse_arguments(const std::string& called, std::span<const std::string> words,
                                  std::span<const ArgumentRow> rows);
Arguments operands_only(std::vector<std::string> operands);

// A line a row, for a help text.
std::string options_text(std::span<const ArgumentRow> rows);

} // namespace kx
