// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/print.h"
#include "tests/unit/catch.h"

#include <cstdio>
#include <memory>

using namespace kx;

TEST_CASE("a message is one line, whatever it quotes") {
    const std::unique_ptr<char[]> buffer(new char[200]());
    std::FILE* out = fmemopen(buffer.get(), 200, "w");
    REQUIRE(out);
    print_message(out, "kexec", "/tmp/a\nkexec: loaded\x1b[2J: not there");
    std::fclose(out);
    CHECK(std::string(buffer.get()) == "kexec: /tmp/a\\x0akexec: loaded\\x1b[2J: not there\n");
}
