// SPDX-License-Identifier: GPL-2.0-or-later
// A folder of a test's own, removed with everything in it at the end.
#pragma once

#include "tests/unit/catch.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace kx::test {

struct TemporaryFolder {
    std::filesystem::path path;

    TemporaryFolder() {
        std::string name = std::filesystem::temp_directory_path() / "kexec-unit-XXXXXX";
        REQUIRE(mkdtemp(name.data()));
        path = name;
    }
    ~TemporaryFolder() { std::filesystem::remove_all(path); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    // The path of the new file; folders on the way are made.
    std::string write(const std::string& name, const std::string& content) const {
        std::filesystem::create_directories((path / name).parent_path());
        std::ofstream(path / name, std::ios::binary) << content;
        return path / name;
    }
};

} // namespace kx::test
