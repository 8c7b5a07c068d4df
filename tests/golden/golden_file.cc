// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/golden/golden_file.h"

#include "tests/unit/catch.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace kx::test {
namespace {

std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

} // namespace

void check_golden(std::string_view path, const std::string& content) {
    const std::string file = std::string(TEST_SOURCE "/tests/golden/").append(path);
    const char* mode = std::getenv("KEXEC_GOLDEN");
    if (mode && std::string_view(mode) == "update")
        std::ofstream(file, std::ios::binary) << content;
    INFO("golden file " << file << "; KEXEC_GOLDEN=update writes it anew");
    CHECK(content == content_of(file));
}

} // namespace kx::test
