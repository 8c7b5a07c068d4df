// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/command_line.h"
#include "tests/unit/catch.h"

using namespace kx;

TEST_CASE("words keep their quotes and what is inside them") {
    const auto words = command_line_words("  root=/dev/sda1\tdyndbg=\"file a.c +p\" quiet\n");
    REQUIRE(words.size() == 3);
    CHECK(words[1] == "dyndbg=\"file a.c +p\"");
    CHECK(words[2] == "quiet");
    CHECK(command_line_words(" \n").empty());
    CHECK(command_line_words("open=\"never closed")[0] == "open=\"never closed");
}

TEST_CASE("parameters are removed as whole words, wherever they stand") {
    constexpr std::string_view line = "BOOT_IMAGE=/vmlinuz root=/dev/sda1 crashkernel=128M no_BOOT_IMAGE=1 "
                                      "x=\"crashkernel=1 2\" crashkernel=64M,low quiet";
    CHECK(without_parameters(line, {"BOOT_IMAGE", "crashkernel"}) ==
          "root=/dev/sda1 no_BOOT_IMAGE=1 x=\"crashkernel=1 2\" quiet");
    CHECK(without_parameters("\"BOOT_IMAGE=/a b\" quiet", {"BOOT_IMAGE"}) == "quiet");
    CHECK(without_parameters("BOOT_IMAGE=x", {"BOOT_IMAGE"}).empty());
}

TEST_CASE("what stays of a command line stays byte by byte") {
    const auto without = [](std::string_view line) { return without_parameters(line, {"drop"}); };
    for (std::string_view kept : {"", " ", "ro  quiet splash ", "  a\tb\n", "a=\"drop=1  x\"  b"})
        CHECK(without(kept) == kept);
    CHECK(without("drop=1") == "");
    CHECK(without("drop ") == "");
    CHECK(without("drop=1  a ") == " a ");
    CHECK(without("a  drop=1  b") == "a   b");
    CHECK(without("a drop=1") == "a ");
    CHECK(without("a drop=\"1 2\"\tdrop b") == "a b");
}

TEST_CASE("a parameter is found by its whole name, and its last value counts") {
    constexpr std::string_view line = "console=tty0 retain_initrd_not console=\"ttyS1,115200\" debug";
    CHECK(parameter_value(line, "console") == "ttyS1,115200");
    CHECK_FALSE(parameter_value(line, "debug"));
    CHECK(has_parameter(line, "debug"));
    CHECK_FALSE(has_parameter(line, "retain_initrd"));
}
