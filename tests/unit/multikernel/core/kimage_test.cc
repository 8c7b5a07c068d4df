// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/core/kimage.h"
#include "tests/unit/catch.h"

using namespace kx;

namespace {

const std::string header = "MK_ID  Type        Start Address   Segments  Mode  Cmdline\n"
                           "-----  ----------  --------------  --------  ----  -------\n";

} // namespace

TEST_CASE("kimage: rows, split at white space whatever the columns") {
    const auto rows = parse_kimage(header + "    0  default     0x00007ffd0000         4  sys   \"\"\n"
                                            "    7  multikernel  0x000020001000         5  sys   \"\"\n"
                                            "  511  multikernel  0x00004a00a000         3  file  \"a=\"b c\"  d\"\n"
                                            "   12  multikernel  0xfffffffff000         3  sys\n");
    REQUIRE(rows);
    CHECK(*rows == std::vector<KimageRow>{
                       {0, "default", 0x7ffd0000, 4, "sys", ""},
                       {7, "multikernel", 0x20001000, 5, "sys", ""},
                       {511, "multikernel", 0x4a00a000, 3, "file", "a=\"b c\"  d"},
                       {12, "multikernel", 0xfffffffff000, 3, "sys", ""},
                   });
    CHECK(parse_kimage(header) == std::vector<KimageRow>());
}

TEST_CASE("kimage: the first patches tell neither mode nor command line, and say that there is no image") {
    const std::string short_header = "MK_ID  Type        Start Address   Segments\n"
                                     "-----  ----------  --------------  --------\n";
    CHECK(parse_kimage(short_header + "    0  multikernel  0x000020001000         5\n    0  crash       0x00007ffd0000"
                                      "         4\n") ==
          std::vector<KimageRow>{{0, "multikernel", 0x20001000, 5, "", ""}, {0, "crash", 0x7ffd0000, 4, "", ""}});
    CHECK(parse_kimage(short_header + "No kimages loaded\n") == std::vector<KimageRow>());
    CHECK(parse_kimage(header + "No kimages loaded\n") == std::vector<KimageRow>());
    CHECK_FALSE(parse_kimage(short_header + "0 multikernel 0x1 5 sys\n"));
    CHECK_FALSE(parse_kimage(short_header + "0 multikernel 0x1 5\nNo kimages loaded\n"));
}

TEST_CASE("kimage: what is no list of images is refused with its line") {
    const std::string row = "    7  multikernel  0x000020001000         5  sys   \"\"\n";
    const auto [text, line] = GENERATE_COPY(table<std::string, std::string>({
        {"", "line 1: "},
        {row, "line 1: "},
        {header.substr(0, header.find('\n') + 1), "line 2: "},
        {header.substr(0, header.find('\n') + 1) + row, "line 2: "},
        {header + row + "\n", "line 4: "},
        {header + "x  multikernel 0x1 5 sys \"\"\n", "line 3: "},
        {header + "-1 multikernel 0x1 5 sys \"\"\n", "line 3: "},
        {header + "4294967296 multikernel 0x1 5 sys \"\"\n", "line 3: "},
        {header + "7 multikernel 1x 5 sys \"\"\n", "line 3: "},
        {header + "7 multikernel 0x1 5\n", "line 3: "},
        {header + "7 multikernel 0x1 sys \"\"\n", "line 3: "},
        {header + "7 multikernel 0x1 5 sys \"\n", "line 3: "},
        {header + "7 multikernel 0x1 5 sys panic=0\n", "line 3: "},
    }));
    const auto rows = parse_kimage(text);
    INFO(text);
    REQUIRE_FALSE(rows);
    CHECK(rows.error().code == Errc::malformed);
    CHECK(rows.error().message.starts_with(line));
}

TEST_CASE("kimage: the number of rows has an end") {
    std::string text = header;
    for (int row = 0; row < 4096; row++)
        text += "7 multikernel 0x1 5 sys \"\"\n";
    CHECK(parse_kimage(text)->size() == 4096);
    const auto refused = parse_kimage(text + "7 multikernel 0x1 5 sys \"\"\n");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.starts_with("line 4099: "));
}
