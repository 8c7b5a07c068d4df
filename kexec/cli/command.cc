// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/command.h"

namespace kx {
namespace {

constexpr ArgumentRow help_row = {"help", 'h', nullptr, "Show this text."};

std::vector<ArgumentRow> options_of(const CommandRow& row) {
    std::vector<ArgumentRow> all(row.options.begin(), row.options.end());
    all.insert(all.end(), row.shared_options.begin(), row.shared_options.end());
    all.push_back(help_row);
    return all;
}

bool asks_for_help(std::span<const std::string> words) {
    return !words.empty() && (words[0] == "--help" || words[0] == "-h");
}

Result<Arguments> parse_words(const std::string& called, const CommandRow& row, std::span<const std::string> words) {
    if (!row.passes_on)
        return parse_arguments(called, words, options_of(row));
    if (asks_for_help(words))
        return parse_arguments(called, words.first(1), {&help_row, 1});
    return operands_only({words.begin(), words.end()});
}

} // namespace

std::string usage_text(const Program& program, const char* purpose, std::span<const CommandRow> rows,
                       const char* ending) {
    std::string text =
        fmt::format("Usage: {} COMMAND [OPTION]... [ARGUMENT]...\n{}\n\nCommands:\n", program.name, purpose);
    for (const CommandRow& row : rows)
        text += fmt::format(" {:<12} {}\n", row.name, row.text);
    return text + fmt::format("\n"
                              " -h, --help      Show this text; after a command: what that command takes.\n"
                              " -V, --version   Show the version.\n"
                              "\n{}",
                              ending);
}

std::string help_of(const Program& program, const CommandRow& row) {
    return fmt::format("Usage: {} {}{}{}{}\n{}\n\nOptions:\n{}", program.name, row.name,
                       row.passes_on ? "" : " [OPTION]...", *row.operands ? " " : "", row.operands, row.text,
                       options_text(options_of(row)));
}

Result<Arguments> parse_command(const Program& program, const CommandRow& row, std::span<const std::string> words) {
    const std::string called = fmt::format("{} {}", program.name, row.name);
    Arguments arguments = KX_TRY(parse_words(called, row, words));
    if (arguments.given("help"))
        return arguments;
    const std::size_t count = arguments.operands().size();
    if (count < row.least_operands)
        return fail(Errc::usage, "{}: it takes {}; {} --help", row.name, row.operands, called);
    if (count > row.most_operands)
        return fail(Errc::usage, "{}: too many arguments; {} --help", row.name, called);
    return arguments;
}

} // namespace kx
