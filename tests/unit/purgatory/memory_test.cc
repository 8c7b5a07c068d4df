// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/catch.h"

#include <string>

extern "C" {
void* purgatory_memcpy(void* to, const void* from, std::size_t size);
void* purgatory_memmove(void* to, const void* from, std::size_t size);
void* purgatory_memset(void* to, int byte, std::size_t size);
int purgatory_memcmp(const void* left, const void* right, std::size_t size);
}

namespace {

std::string moved(std::size_t to, std::size_t from, std::size_t size) {
    std::string text = "abcdefghij";
    CHECK(purgatory_memmove(&text[to], &text[from], size) == &text[to]);
    return text;
}

} // namespace

TEST_CASE("purgatory's memmove keeps what overlaps, both ways") {
    CHECK(moved(2, 0, 5) == "ababcdehij");
    CHECK(moved(0, 2, 5) == "cdefgfghij");
    CHECK(moved(5, 0, 5) == "abcdeabcde");
    CHECK(moved(3, 3, 5) == "abcdefghij");
    CHECK(moved(0, 5, 0) == "abcdefghij");
}

TEST_CASE("purgatory's memcpy, memset and memcmp do what the C library's do") {
    std::string text = "abcdef";
    CHECK(purgatory_memcpy(&text[0], "xyz", 2) == &text[0]);
    CHECK(text == "xycdef");
    CHECK(purgatory_memset(&text[1], 0x141, 3) == &text[1]);
    CHECK(text == "xAAAef");
    CHECK(purgatory_memcmp("abc", "abd", 2) == 0);
    CHECK(purgatory_memcmp("abc", "abd", 3) < 0);
    CHECK(purgatory_memcmp("ab\xff", "ab\x01", 3) > 0);
    CHECK(purgatory_memcmp("a", "b", 0) == 0);
}
