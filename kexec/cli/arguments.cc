// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/arguments.h"

#include <algorithm>
#include <ranges>

namespace kx {
namespace {

constexpr int long_option_base = 1000; // getopt_long's values: base + number of the row

int has_argument(const ArgumentRow& row) {
    if (!row.value)
        return no_argument;
    return row.value[0] == '[' ? optional_argument : required_argument;
}

std::string name_for_help(const ArgumentRow& row) {
    std::string name = row.letter ? fmt::format("-{}, --{}", row.letter, row.name) : fmt::format("    --{}", row.name);
    if (row.value)
        name += row.value[0] == '[' ? fmt::format("[={}", row.value + 1) : fmt::format("={}", row.value);
    return name;
}

} // namespace

std::string refused_option(int answer, char* const* argv, std::span<const option> long_options) {
    const std::string_view word = argv[optind - 1];
    if (optopt != 0) {
        const auto known = std::ranges::find(long_options, optopt, &option::val);
        const char letter = static_cast<char>(optopt);
        if (known == long_options.end()) // `word` may be the one before
            return fmt::format("invalid option -- '{}'", letter);
        if (answer == ':')
            return word.starts_with("--") ? fmt::format("option '--{}' requires an argument", known->name)
                                          : fmt::format("option requires an argument -- '{}'", letter);
        return fmt::format("option '--{}' does not take an argument", known->name);
    }
    const std::string_view name = word.substr(2, word.find('=') - 2);
    const auto begins = [name](const option& row) { return row.name && std::string_view(row.name).starts_with(name); };
    const bool several = std::ranges::count_if(long_options, begins) > 1;
    return fmt::format("{} option '{}'", several ? "ambiguous" : "unrecognized", word);
}

const Arguments::Given* Arguments::last(std::string_view name) const {
    for (const Given& one : std::views::reverse(given_)) {
        if (one.name == name)
            return &one;
    }
    return nullptr;
}

bool Arguments::given(std::string_view name) const {
    return last(name) != nullptr;
}

const std::string* Arguments::value(std::string_view name) const {
    const Given* one = last(name);
    return one && one->has_value ? &one->value : nullptr;
}

Result<Arguments> parse_arguments(const std::string& called, std::span<const std::string> words,
                                  std::span<const ArgumentRow> rows) {
    std::vector<option> long_options;
    std::string letters = ":";
    for (const ArgumentRow& row : rows) {
        const int value = row.letter ? row.letter : long_option_base + static_cast<int>(long_options.size());
        long_options.push_back({row.name, has_argument(row), nullptr, value});
        if (row.letter)
            letters += fmt::format("{}{}", row.letter, row.value ? ":" : "");
    }
    long_options.push_back({});

    std::vector<std::string> all{called};
    all.insert(all.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (std::string& word : all)
        argv.push_back(word.data());
    argv.push_back(nullptr);

    Arguments arguments;
    optind = 0; // from the start, also when this is not the first call
    for (;;) {
        const int value =
            getopt_long(static_cast<int>(all.size()), argv.data(), letters.c_str(), long_options.data(), nullptr);
        if (value == -1)
            break;
        const auto chosen = std::ranges::find(long_options, value, &option::val);
        if (value == '?' || value == ':' || chosen == long_options.end())
            return fail(Errc::usage, "{}; nothing was done; {} --help lists the options",
                        refused_option(value, argv.data(), long_options), called);
        arguments.given_.push_back({chosen->name, optarg != nullptr, optarg ? optarg : ""});
    }
    arguments.operands_.assign(argv.begin() + optind, argv.end() - 1);
    return arguments;
}

Arguments operands_only(std::vector<std::string> operands) {
    Arguments arguments;
    arguments.operands_ = std::move(operands);
    return arguments;
}

std::string options_text(std::span<const ArgumentRow> rows) {
    std::string text;
    for (const ArgumentRow& row : rows)
        text += fmt::format(" {:<27} {}\n", name_for_help(row), row.text);
    return text;
}

} // namespace kx
