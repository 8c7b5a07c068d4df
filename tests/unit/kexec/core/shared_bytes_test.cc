// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/file.h"
#include "kexec/core/shared_bytes.h"
#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

using namespace kx;
using namespace kx::test;

namespace {

FileDescriptor opened(const std::string& path, int flags = O_RDONLY) {
    FileDescriptor fd(open(path.c_str(), flags | O_CLOEXEC));
    REQUIRE(fd);
    return fd;
}

} // namespace

TEST_CASE("two descriptors share bytes where they are one file, by whatever names") {
    const TemporaryFolder folder;
    const std::string path = folder.write("dump", "x"), other = folder.write("other", "x");
    const std::string hard = path + ".hard", symbolic = path + ".symbolic";
    std::filesystem::create_hard_link(path, hard);
    std::filesystem::create_symlink(path, symbolic);
    const FileDescriptor source = opened(path);
    for (const std::string& name : {path, hard, symbolic, fmt::format("/proc/self/fd/{}", source.get())})
        CHECK(share_bytes(source.get(), opened(name, O_WRONLY).get()));
    CHECK_FALSE(share_bytes(source.get(), opened(other, O_WRONLY).get()));
    std::filesystem::rename(other, path); // the name is another file's now
    CHECK_FALSE(share_bytes(source.get(), opened(path, O_WRONLY).get()));
    CHECK(share_bytes(source.get(), opened(hard, O_WRONLY).get()));
    CHECK_FALSE(share_bytes(source.get(), -1));
    const FileDescriptor null = opened("/dev/null", O_RDWR);
    CHECK_FALSE(share_bytes(null.get(), null.get()));
}
