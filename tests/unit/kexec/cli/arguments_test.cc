// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/arguments.h"
#include "tests/unit/catch.h"

using namespace kx;

TEST_CASE("an option that there is not is named, and by this program alone") {
    constexpr ArgumentRow rows[] = {{"output", 'o', "FILE", ""}, {"origin", 0, nullptr, ""}, {"all", 'a', nullptr, ""}};
    const auto refusal = [&](std::vector<std::string> words) {
        const auto arguments = parse_arguments("program", words, rows);
        REQUIRE_FALSE(arguments);
        CHECK(arguments.error().code == Errc::usage);
        return arguments.error().message.substr(0, arguments.error().message.find(';'));
    };
    CHECK(refusal({"--nothing=\x1b[2J"}) == "unrecognized option '--nothing=\x1b[2J'");
    CHECK(refusal({"--o"}) == "ambiguous option '--o'");
    CHECK(refusal({"--all=1"}) == "option '--all' does not take an argument");
    CHECK(refusal({"--output"}) == "option '--output' requires an argument");
    CHECK(refusal({"-o"}) == "option requires an argument -- 'o'");
    CHECK(refusal({"--all", "-Za"}) == "invalid option -- 'Z'");
    CHECK(refusal({"-aZ"}) == "invalid option -- 'Z'");
}
