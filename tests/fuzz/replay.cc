// SPDX-License-Identifier: GPL-2.0-or-later
// main() of a fuzz target where libFuzzer is not linked: runs every file of the target's corpus folder,
// $srcdir/tests/fuzz/corpus/TARGET, or the files and folders given as arguments. No input at all is a failure.
#include "tests/fuzz/invariant.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> inputs_below(const fs::path& path) {
    std::error_code error;
    if (!fs::is_directory(path, error))
        return {path};
    std::vector<fs::path> inputs;
    for (const auto& entry : fs::directory_iterator(path, error)) {
        if (entry.is_regular_file())
            inputs.push_back(entry.path());
    }
    std::ranges::sort(inputs);
    return inputs;
}

bool replay(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
        return false;
    }
    const std::vector<char> content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    // A copy of exactly this size, so that a sanitizer sees the first byte read past it.
    std::vector<std::uint8_t> input(content.begin(), content.end());
    input.shrink_to_fit();
    LLVMFuzzerTestOneInput(input.data(), input.size());
    return true;
}

} // namespace

int main(int argc, char** argv) {
    std::vector<fs::path> roots(argv + 1, argv + argc);
    if (roots.empty()) {
        const char* source = std::getenv("srcdir");
        roots.push_back(fs::path(source ? source : ".") / "tests/fuzz/corpus" / program_invocation_short_name);
    }
    std::size_t count = 0;
    for (const auto& root : roots) {
        for (const auto& input : inputs_below(root)) {
            if (!replay(input))
                return 1;
            ++count;
        }
    }
    std::printf("%zu inputs replayed\n", count);
    return count ? 0 : 1;
}
