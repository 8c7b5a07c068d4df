// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/records/lock.h"
#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

#include <csignal>
#include <optional>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace kx;
using namespace kx::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

TEST_CASE("the lock: one holder at a time, and it says who") {
    const TemporaryFolder root;
    std::optional<RunLock> held;
    {
        auto first = take_lock(root.path, 0ms);
        REQUIRE(first);
        held = *std::move(first);
    }
    const auto refused = take_lock(root.path, 60ms);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::unsupported);
    CHECK(refused.error().message.starts_with(fmt::format("process {} ", getpid())));
    held.reset();
    CHECK(take_lock(root.path, 0ms));
    CHECK(take_lock(root.path, 0ms));
    CHECK(fs::status(root.path / "run/kexec-tools-mk/lock").permissions() ==
          (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("the lock: a program that is started does not inherit it") {
    const TemporaryFolder root;
    const auto held = take_lock(root.path, 0ms);
    REQUIRE(held);
    int found = 0;
    for (int fd = 0; fd < 1024; fd++) {
        std::error_code error;
        const auto target = fs::read_symlink(fmt::format("/proc/self/fd/{}", fd), error);
        if (error || target != root.path / "run/kexec-tools-mk/lock")
            continue;
        found++;
        CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    }
    CHECK(found == 1);
}

TEST_CASE("the lock: ends with its owner, however that ends") {
    const TemporaryFolder root;
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    const pid_t owner = fork();
    if (owner == 0) {
        const auto held = take_lock(root.path, 0ms);
        const char answer = held ? 'y' : 'n';
        if (write(ready[1], &answer, 1) == 1)
            pause();
        _exit(1);
    }
    char answer = 0;
    REQUIRE(read(ready[0], &answer, 1) == 1);
    close(ready[0]);
    close(ready[1]);
    const auto refused = take_lock(root.path, 0ms);
    kill(owner, SIGKILL);
    waitpid(owner, nullptr, 0);
    CHECK(answer == 'y');
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.starts_with(fmt::format("process {} is changing the instances", owner)));
    CHECK(take_lock(root.path, 0ms));
}

TEST_CASE("the lock: no place for it is an error, as is a link in its place") {
    CHECK_FALSE(take_lock("/proc/no-such-place", 0ms));
    const TemporaryFolder root;
    REQUIRE(take_lock(root.path, 0ms));
    const fs::path lock = root.path / "run/kexec-tools-mk/lock";
    fs::remove(lock);
    root.write("elsewhere", "");
    fs::create_symlink(root.path / "elsewhere", lock);
    CHECK_FALSE(take_lock(root.path, 0ms));
}

TEST_CASE("the lock: who may not have it is told what it takes") {
    const TemporaryFolder root;
    fs::permissions(root.path,
                    fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
    const uid_t was = geteuid();
    REQUIRE((was != 0 || seteuid(65534) == 0));
    const auto refused = take_lock(root.path, 0ms);
    REQUIRE((was != 0 || seteuid(was) == 0));
    fs::permissions(root.path, fs::perms::owner_all);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::denied);
    CHECK(refused.error().message.ends_with("; run as root"));
}
