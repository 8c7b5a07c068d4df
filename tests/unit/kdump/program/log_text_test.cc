// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/program/log_text.h"
#include "tests/unit/catch.h"
#include "tests/unit/kdump/kernel/log_builder.h"
#include "tests/unit/temporary_folder.h"

#include <cstdio>

using namespace kx;
using namespace kx::kdump;
using namespace kx::test;

namespace {

std::string text_of(const LogRecord& record, bool callers = false) {
    std::string out;
    append_text(out, record, callers);
    return out;
}

std::string json_of(const LogRecord& record) {
    std::string out;
    append_json(out, record);
    return out;
}

} // namespace

TEST_CASE("a record is printed with its time", "[log]") {
    LogRecord record;
    record.text = "text";
    record.nanoseconds = 1'234'567'890;
    CHECK(text_of(record) == "[    1.234567] text\n");
    record.nanoseconds = 999'999'999'999'999;
    CHECK(text_of(record) == "[999999.999999] text\n");
    record.nanoseconds = UINT64_MAX;
    CHECK(text_of(record) == "[18446744073.709551] text\n");
}

TEST_CASE("a record is printed with its caller where that is asked for", "[log]") {
    LogRecord record;
    record.text = "text";
    record.nanoseconds = 1000;
    record.caller = "T1";
    CHECK(text_of(record) == "[    0.000001] text\n");
    CHECK(text_of(record, true) == "[    0.000001][    T1] text\n");
    record.caller = "C12345678";
    CHECK(text_of(record, true) == "[    0.000001][C12345678] text\n");
    record.caller = {};
    CHECK(text_of(record, true) == "[    0.000001] text\n");
}

TEST_CASE("what could move a terminal's cursor is escaped", "[log]") {
    LogRecord record;
    const std::string text("\0\x07\x1b[31m\x7f\x80\xff a\\b\n\t\v\f\r~", 20);
    record.text = text;
    CHECK(text_of(record) == "[    0.000000] \\x00\\x07\\x1b[31m\\x7f\\x80\\xff a\\b\n\t\v\f\r~\n");
}

TEST_CASE("each byte is escaped, or not, in the middle of a text as at its end", "[log]") {
    for (unsigned c = 0; c < 256; ++c) {
        const bool shown = (c >= 0x20 && c < 0x7f) || (c >= 9 && c <= 13);
        const std::string as_printed = shown ? std::string(1, static_cast<char>(c)) : fmt::format("\\x{:02x}", c);
        for (const std::string before : {"", "abcd", "eight by", "twelve bytes"}) {
            const std::string text = before + static_cast<char>(c) + "and some more";
            LogRecord record;
            record.text = text;
            CHECK(text_of(record) == "[    0.000000] " + before + as_printed + "and some more\n");
        }
    }
}

TEST_CASE("a line of the plain form is printed as it is", "[log]") {
    LogRecord record;
    record.line = "<6>[    0.000000] \x1b without end";
    record.text = "\x1b without end";
    CHECK(text_of(record) == record.line);
}

TEST_CASE("a record as JSON holds no control character, DEL and C1 neither", "[log]") {
    LogRecord record;
    record.text = "\x1b\x7f\xc2\x9b caf\xc3\xa9";
    CHECK(json_of(record) == "{\"text\":\"\\u001b\\u007f\\u009b caf\xc3\xa9\"}\n");
}

TEST_CASE("a record as JSON has what is known of it", "[log]") {
    LogRecord record;
    record.text = "a \"b\"\n\xff";
    CHECK(json_of(record) == "{\"text\":\"a \\\"b\\\"\\n\xef\xbf\xbd\"}\n");
    record.text = "t";
    record.sequence = 1;
    record.nanoseconds = UINT64_MAX;
    record.facility = 2;
    record.level = 3;
    record.caller = "T4";
    const std::string dictionary("SUBSYSTEM=usb\0nothing\0DEVICE=+a=b", 33);
    record.dictionary = dictionary;
    CHECK(json_of(record) ==
          "{\"sequence\":1,\"nanoseconds\":18446744073709551615,\"facility\":2,\"level\":3,\"caller\":\"T4\","
          "\"text\":\"t\",\"dictionary\":{\"SUBSYSTEM\":\"usb\",\"DEVICE\":\"+a=b\"}}\n");
}

TEST_CASE("a log that cannot be printed is an error", "[log]") {
    RingLog rings;
    rings.add({.text = "one"});
    const TemporaryFolder folder;
    const std::string dump = folder.write("dump", rings.kernel().vmcore().build());
    Notices notices;
    std::FILE* full = std::fopen("/dev/full", "w");
    REQUIRE(full);
    std::setvbuf(full, nullptr, _IONBF, 0);
    const auto printed = print_log(dump, {}, full, notices);
    std::fclose(full);
    REQUIRE_FALSE(printed);
    CHECK(printed.error().code == Errc::io);

    std::FILE* out = std::fopen((folder.path / "out").c_str(), "w+");
    REQUIRE(out);
    CHECK(print_log(dump, {.callers = true}, out, notices));
    std::rewind(out);
    char line[64] = {};
    CHECK(std::fgets(line, sizeof line, out));
    std::fclose(out);
    CHECK(std::string(line) == "[    0.000000][    T1] one\n");
    CHECK(notices.texts().empty());
}
