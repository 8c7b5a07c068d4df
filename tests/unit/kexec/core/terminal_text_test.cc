// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/terminal_text.h"
#include "tests/unit/catch.h"

#include <fmt/format.h>

using namespace kx;

TEST_CASE("what a terminal obeys is shown in place of being obeyed") {
    for (unsigned c = 0; c < 256; ++c) {
        const std::string one(1, static_cast<char>(c));
        const bool shown = c >= 0x20 && c < 0x7f;
        INFO(c);
        CHECK(printable("a" + one + "b") == (shown ? "a" + one + "b" : fmt::format("a\\x{:02x}b", c)));
        const bool in_lines = shown || c == '\n' || c == '\t';
        CHECK(printable_lines(one) == (in_lines ? one : fmt::format("\\x{:02x}", c)));
    }
    CHECK(printable("\xc2\x9b"
                    "2J") == "\\xc2\\x9b2J");
    CHECK(printable("\xc2\x80\xc2\x9f\xc2\xa0") == "\\xc2\\x80\\xc2\\x9f\xc2\xa0");
}

TEST_CASE("UTF-8 stays readable, but for what turns the direction of text or is cut or overlong") {
    for (const std::string text : {"caf\xc3\xa9", "\xe6\xb0\xb4", "\xf0\x9f\x90\xa7", "\xef\xbf\xbd"})
        CHECK(printable(text) == text);
    CHECK(printable("\xe2\x80\xae") == "\\xe2\\x80\\xae");
    CHECK(printable("\xe2\x81\xa6") == "\\xe2\\x81\\xa6");
    CHECK(printable("\xd8\x9c") == "\\xd8\\x9c");
    CHECK(printable("\xe2\x80\xa8") == "\\xe2\\x80\\xa8");
    CHECK(printable("\xe2\x80") == "\\xe2\\x80");
    CHECK(printable("\xc0\x9b") == "\\xc0\\x9b");
    CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");
    CHECK(printable("") == "");
}

TEST_CASE("a JSON document holds nothing that a terminal obeys, and says the same") {
    CHECK(escaped_json("{\"a\": \"\x7f\xc2\x9b\xe2\x80\xae caf\xc3\xa9\"}\n") ==
          "{\"a\": \"\\u007f\\u009b\\u202e caf\xc3\xa9\"}\n");
    CHECK(escaped_json("{\n  \"a\": 1\n}") == "{\n  \"a\": 1\n}");
}
