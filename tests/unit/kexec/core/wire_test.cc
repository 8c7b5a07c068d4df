// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/wire.h"
#include "tests/unit/catch.h"

#include <cstring>

TEST_CASE("wire integers hold the stated byte order and read back") {
    kx::le32 little = 0x11223344u;
    kx::be32 big = 0x11223344u;
    const unsigned char expected_little[] = {0x44, 0x33, 0x22, 0x11};
    const unsigned char expected_big[] = {0x11, 0x22, 0x33, 0x44};
    CHECK(std::memcmp(&little, expected_little, 4) == 0);
    CHECK(std::memcmp(&big, expected_big, 4) == 0);
    CHECK(little == 0x11223344u);
    CHECK(big == 0x11223344u);

    kx::le64 wide = UINT64_MAX - 1;
    CHECK(wide == UINT64_MAX - 1);
    kx::be16 narrow = std::uint16_t{0xfedc};
    CHECK(narrow == 0xfedc);
}

TEST_CASE("a struct of wire integers has no padding") {
    struct Mixed {
        kx::le16 a;
        kx::le64 b;
        std::uint8_t c;
        kx::be32 d;
    };
    STATIC_REQUIRE(sizeof(Mixed) == 15);
    STATIC_REQUIRE(kx::WireLayout<Mixed>);
    STATIC_REQUIRE_FALSE(kx::WireLayout<std::uint32_t>);
}
