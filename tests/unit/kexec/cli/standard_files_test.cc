// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/cli/standard_files.h"
#include "kexec/core/file.h"
#include "tests/unit/catch.h"

#include <fcntl.h>
#include <unistd.h>

using namespace kx;

TEST_CASE("a standard file is usable where it is open for what it is for") {
    const auto with = [](int number, const char* path, int flags) {
        const FileDescriptor before(fcntl(number, F_DUPFD_CLOEXEC, 3));
        const FileDescriptor now(open(path, flags | O_CLOEXEC));
        dup2(now.get(), number);
        const bool usable = is_usable(number);
        dup2(before.get(), number);
        return usable;
    };
    CHECK(with(STDIN_FILENO, "/dev/null", O_RDONLY));
    CHECK(with(STDIN_FILENO, "/dev/null", O_RDWR));
    CHECK_FALSE(with(STDIN_FILENO, "/dev/null", O_WRONLY));
    CHECK_FALSE(with(STDIN_FILENO, "/", O_PATH));
    CHECK(with(STDOUT_FILENO, "/dev/null", O_WRONLY));
    CHECK_FALSE(with(STDOUT_FILENO, "/dev/null", O_RDONLY));
    CHECK_FALSE(with(STDOUT_FILENO, "/", O_PATH));
    CHECK_FALSE(is_usable(1000));
}
