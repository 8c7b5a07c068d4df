// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/shown.h"
#include "tests/unit/catch.h"

using namespace kx;

TEST_CASE("a range is shown with its last byte") {
    CHECK(shown({0x1000, 0x2000}) == "0x1000-0x1fff");
    CHECK(shown({0, 0x6000001}) == "0x0-0x6000000"); // --mem-max=0x6000000
    CHECK(shown({0x1000, UINT64_MAX}) == "0x1000-0xffffffffffffffff");
}

TEST_CASE("a name inside a folder has one slash before it") {
    CHECK(path_in("/", "second.img") == "/second.img");
    CHECK(path_in("/boot", "second.img") == "/boot/second.img");
    CHECK(path_in("/boot/", "second.img") == "/boot/second.img");
}
