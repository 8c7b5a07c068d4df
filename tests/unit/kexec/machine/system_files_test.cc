// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/system_files.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/machine/memory_files.h"
#include "tests/unit/temporary_folder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

using namespace kx;
using test::TemporaryFolder;
namespace fs = std::filesystem;

TEST_CASE("a tree is read by relative path, and shown by the path a user knows") {
    TemporaryFolder tree;
    const std::string content("a\0b", 3);
    tree.write("sys/b/data", content);
    tree.write("sys/a", "");
    const DirectoryFiles files(tree.path.string() + "//");
    CHECK(files.read("sys/b/data") == content);
    CHECK(files.read("sys/a") == "");
    CHECK(files.list("sys") == std::vector<std::string>{"a", "b"});
    CHECK(files.display("sys/a") == tree.path.string() + "/sys/a");
    CHECK(DirectoryFiles("/").display("proc/iomem") == "/proc/iomem");
}

TEST_CASE("what is missing, may not be read or is no file has its own code and its name") {
    TemporaryFolder tree;
    tree.write("sys/a", "x");
    const DirectoryFiles files(tree.path);
    const auto missing = files.read("proc/iomem");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == Errc::not_found);
    CHECK(missing.error().message.find("/proc/iomem: ") != std::string::npos);
    CHECK(files.read("sys/a/b").error().code == Errc::not_found);
    CHECK(files.read("sys").error().code == Errc::io);
    CHECK(files.list("sys/a").error().code == Errc::not_found);
    CHECK(files.list("nothing").error().code == Errc::not_found);
    if (geteuid() != 0) {
        fs::permissions(tree.path / "sys/a", fs::perms::none);
        CHECK(files.read("sys/a").error().code == Errc::denied);
    }
}

TEST_CASE("only the running machine's architecture is made up from uname") {
    TemporaryFolder tree;
    CHECK_FALSE(DirectoryFiles(tree.path).read("proc/sys/kernel/arch"));
    utsname name{};
    REQUIRE(uname(&name) == 0);
    CHECK(read_value(DirectoryFiles("/"), "proc/sys/kernel/arch") == std::string(name.machine));
}

TEST_CASE("of a head no byte more is read") {
    TemporaryFolder tree;
    tree.write("proc/kcore", "headers, memory");
    const DirectoryFiles files(tree.path);
    CHECK(files.read_head("proc/kcore", 7) == "headers");
    CHECK(files.read_head("proc/kcore", 0) == "");
    CHECK(files.read_head("proc/kcore", 100) == "headers, memory");
    CHECK(files.read_head("proc/none", 7).error().code == Errc::not_found);
    // A file that takes for ever.
    fs::resize_file(tree.write("endless", ""), std::uintmax_t{1} << 40);
    CHECK((files.read_head("endless", 200'000) == std::string(200'000, '\0')));
    CHECK(files.read("endless").error().code == Errc::io);
}

TEST_CASE("lines with a word are cut out of a long file") {
    test::MemoryFiles files;
    files.with("proc/kallsyms", "1 T one\n2 T two\n3 t not_one");
    CHECK(files.read_lines_with("proc/kallsyms", "one") == "1 T one\n3 t not_one");
    CHECK(files.read_lines_with("proc/kallsyms", "four") == "");
    CHECK(files.read_lines_with("proc/other", "one").error().code == Errc::not_found);
}

TEST_CASE("values and numbers of sysfs files") {
    CHECK(number_in("0x9fbff") == 0x9fbffu);
    CHECK(number_in("42") == 42u);
    CHECK(number_in("0xffffffffffffffff") == UINT64_MAX);
    CHECK(hex_number_in("8000000") == 0x8000000u);
    CHECK(hex_number_in("0x9fbff") == 0x9fbffu);
    for (const char* wrong : {"", "0x", "-1", "+1", " 1", "1 ", "0x1ffffffffffffffff", "1f"})
        CHECK_FALSE(number_in(wrong));
    for (const char* wrong : {"", "0x", "-1", "12 ", "g", "10000000000000000"})
        CHECK_FALSE(hex_number_in(wrong));
    test::MemoryFiles files;
    files.with("a/10/x", "").with("a/9/x", "").with("a/word/x", "").with("a/1234567890/x", "").with("a/2/x", " 7 \n");
    CHECK(numbered_entries(files, "a", 3) == std::vector<std::string>{"2", "9", "10"});
    CHECK(numbered_entries(files, "a", 2).error().code == Errc::malformed);
    CHECK(read_number(files, "a/2/x") == 7u);
}

TEST_CASE("a FIFO and a device in a captured machine are no files") {
    const test::TemporaryFolder folder;
    REQUIRE(mkfifo((folder.path / "fifo").c_str(), 0600) == 0);
    std::filesystem::create_symlink("/dev/zero", folder.path / "zero");
    const DirectoryFiles files(folder.path);
    for (const std::string name : {"fifo", "zero"}) {
        const auto refused = files.read(name);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message == (folder.path / name).string() + ": is no file");
    }
}
