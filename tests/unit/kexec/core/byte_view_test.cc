// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/byte_view.h"
#include "tests/unit/catch.h"

#include <array>

using namespace kx;

namespace {
std::array<std::byte, 16> counting() {
    std::array<std::byte, 16> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<std::byte>(i);
    return bytes;
}
} // namespace

TEST_CASE("a view reads inside its bytes and refuses everything else") {
    const auto bytes = counting();
    const ByteView view(bytes, 0x100);

    CHECK(*view.read<le32>(4) == 0x07060504u);
    CHECK(*view.read<le32>(12) == 0x0f0e0d0cu);
    CHECK_FALSE(view.read<le32>(13));
    CHECK_FALSE(view.read<le32>(UINT64_MAX - 1));
    CHECK_FALSE(view.slice(1, UINT64_MAX));
    CHECK(view.slice(16, 0)->empty());
    CHECK_FALSE(view.slice(17, 0));
    CHECK_FALSE(view.from(17));
}

TEST_CASE("a refusal names the offset in the file, through nested views") {
    const auto bytes = counting();
    const auto inner = ByteView(bytes, 0x100).slice(8, 4);
    REQUIRE(inner);
    CHECK(inner->origin() == 0x108);
    const auto refused = inner->read<le64>(2);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::malformed);
    CHECK(refused.error().message == "0x8 bytes at 0x10a run past the end (0x10c)");
}

TEST_CASE("tables are bounded before anything is allocated") {
    const auto bytes = counting();
    const ByteView view(bytes);
    REQUIRE(view.table<le16>(8, 4));
    CHECK((*view.table<le16>(8, 4))[3] == 0x0f0e);
    CHECK_FALSE(view.table<le16>(8, 5));
    CHECK_FALSE(view.table<le64>(0, UINT64_MAX / 4));
    CHECK(view.table<le64>(16, 0)->empty());
}

TEST_CASE("text must end inside its limit and the view") {
    const std::string_view raw("abc\0defg", 8);
    const ByteView view(std::as_bytes(std::span(raw)));
    CHECK(*view.text(0, 8) == "abc");
    CHECK(*view.text(0, 4) == "abc");
    CHECK_FALSE(view.text(0, 3));
    CHECK_FALSE(view.text(4, 100));
    CHECK(view.has(4, "defg"));
    CHECK_FALSE(view.has(5, "defg"));
    CHECK_FALSE(view.has(UINT64_MAX, "d"));
    CHECK(ByteView{}.has(0, ""));
    CHECK_FALSE(ByteView{}.has(1, ""));
}
