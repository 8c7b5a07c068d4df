// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/records/record.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/machine/memory_files.h"
#include "tests/unit/temporary_folder.h"

#include <sys/stat.h>
#include <unistd.h>

using namespace kx;
using namespace kx::test;
namespace fs = std::filesystem;

namespace {

InstanceRecord some_record() {
    return {.id = 7,
            .name = {},
            .kernel_path = "/boot/vmlinuz \\n \n",
            .kernel_version = "6.1.0-50-cloud-amd64",
            .kernel_digest = "xxh3-128:00112233445566778899aabbccddeeff",
            .initrd_path = "",
            .command_line = "console=ttyS1,115200 password=\\ \x1b\xff\r ",
            .loaded_at = "2025-01-02T03:04:05Z",
            .serial_port = 0x2f8,
            .entry = 0xfffffffffffff000};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

fs::perms mode_of(const fs::path& path) {
    return fs::symlink_status(path).permissions();
}

struct Root : TemporaryFolder {
    fs::path ours = path / "run/kexec-tools-mk";
    fs::path file = ours / "instances/7";
};

std::string text_of_some() {
    return text_of(some_record());
}

std::string refusal_of(const std::string& text) {
    const auto refused = parse_instance_record(text, "/run/x");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::malformed);
    return refused.error().message;
}

} // namespace

TEST_CASE("instance records: a name is kept, and older records have none") {
    InstanceRecord record = some_record();
    CHECK(text_of(record).find("\nname ") == std::string::npos);
    record.name = "web";
    CHECK(text_of(record).find("id 7\nname web\nkernel_path ") != std::string::npos);
    CHECK(parse_instance_record(text_of(record), "x").value() == record);
    CHECK(refusal_of(replaced(text_of(record), "name web\n", "name web\nname db\n")).find("twice") !=
          std::string::npos);
}

TEST_CASE("instance records: a line for each key") {
    CHECK(text_of_some() == "kexec-instance-1\n"
                            "id 7\n"
                            "kernel_path /boot/vmlinuz \\\\n \\n\n"
                            "kernel_version 6.1.0-50-cloud-amd64\n"
                            "kernel_digest xxh3-128:00112233445566778899aabbccddeeff\n"
                            "initrd_path \n"
                            "command_line console=ttyS1,115200 password=\\\\ \x1b\xff\r \n"
                            "loaded_at 2025-01-02T03:04:05Z\n"
                            "serial_port 0x2f8\n"
                            "entry 0xfffffffffffff000\n");
}

TEST_CASE("instance records: written and read") {
    auto record = some_record();
    CHECK(parse_instance_record(text_of(record), "f") == record);
    record.serial_port = std::nullopt;
    record.initrd_path = "/boot/initrd.img";
    CHECK(parse_instance_record(text_of(record), "f") == record);
}

TEST_CASE("instance records: unknown keys, another order and decimal numbers are taken") {
    const auto [from, to] = GENERATE(table<std::string, std::string>({
        {"id 7\n", "id 0x7\n"},
        {"id 7\n", "colour \\x\n\nidentity 8\nid\nid 7\n"},
        {"id 7\nkernel_path /boot/vmlinuz \\\\n \\n\n", "kernel_path /boot/vmlinuz \\\\n \\n\nid 7\n"},
        {"serial_port 0x2f8", "serial_port 760"},
    }));
    INFO(from << " -> " << to);
    CHECK(parse_instance_record(replaced(text_of_some(), from, to), "f") == some_record());
}

TEST_CASE("instance records: what is wrong is told by file and key") {
    const auto [from, to, words] = GENERATE(table<std::string, std::string, std::string>({
        {"id 7", "id seven", "\"id\" is not a number from 1 to 2047"},
        {"id 7", "id -7", "\"id\" is not a number"},
        {"id 7", "id 0", "\"id\" is not a number"},
        {"id 7", "id 2048", "\"id\" is not a number"},
        {"id 7", "id 7.0", "\"id\" is not a number"},
        {"id 7", "id  7", "\"id\" is not a number"},
        {"id 7", "id 7 ", "\"id\" is not a number"},
        {"id 7", "id ", "\"id\" is not a number"},
        {"id 7", "id", "\"id\" is missing"},
        {"id 7", "ids 7", "\"id\" is missing"},
        {"id 7", "id 7\nid 7", "\"id\" is there twice"},
        {"initrd_path \n", "initrd_path \ninitrd_path \n", "\"initrd_path\" is there twice"},
        {"initrd_path \n", "initrd_path\n", "\"initrd_path\" is missing"},
        {"kernel_version", "kernel_versions", "\"kernel_version\" is missing"},
        {"kernel_path", " kernel_path", "\"kernel_path\" is missing"},
        {"kernel_digest ", "kernel_digest\t", "\"kernel_digest\" is missing"},
        {"command_line", "command_lines", "\"command_line\" is missing"},
        {"loaded_at", "loaded", "\"loaded_at\" is missing"},
        {"2025", "\\2025", "\"loaded_at\" has a backslash before something other"},
        {"cloud-amd64", "\\", "\"kernel_version\" has a backslash before something other"},
        {"ddeeff", std::string(1, '\0'), "\"kernel_digest\" holds a NUL byte"},
        {"0x2f8", std::string("none\0", 5), "\"serial_port\" holds a NUL byte"},
        {"id 7", std::string("id 7\ncolour \0", 13), "a line of no known key holds a NUL byte"},
        {"serial_port 0x2f8", "serial_port 0x10000", "\"serial_port\" is not a number from 0 to 65535"},
        {"serial_port 0x2f8", "serial_port nothing", "\"serial_port\" is not a number"},
        {"serial_port 0x2f8", "serial_ports 0x2f8", "\"serial_port\" is missing"},
        {"entry 0x", "entry 0x1", "\"entry\" is not a number"},
        {"kexec-instance-1", "kexec-instance-2", "the first line is not \"kexec-instance-1\""},
        {"kexec-instance-1\n", "kexec-instance-1 \n", "the first line is not"},
        {"kexec-instance-1\n", "", "the first line is not"},
        {"f000\n", "f000", "its last line is cut short"},
    }));
    INFO(from << " -> " << to);
    const std::string message = refusal_of(replaced(text_of_some(), from, to));
    INFO(message);
    CHECK(message.starts_with("/run/x: "));
    CHECK(message.find(words) != std::string::npos);
}

TEST_CASE("instance records: hostile lengths are refused") {
    CHECK(refusal_of("").find("cut short") != std::string::npos);
    CHECK(refusal_of("\n").find("first line") != std::string::npos);
    std::string longest = text_of_some() + "colour ";
    longest.resize((1 << 20) - 1, 'x');
    CHECK(parse_instance_record(longest + "\n", "f") == some_record());
    CHECK(refusal_of(longest + "x\n").find("longer than any record (1048577 bytes)") != std::string::npos);
}

TEST_CASE("instance records: read as the machine shows them") {
    MemoryFiles files;
    files.with("run/kexec-tools-mk/instances/7", text_of(some_record()))
        .with("run/kexec-tools-mk/instances/8", text_of(some_record()));
    CHECK(read_instance_record(files, 7) == some_record());
    CHECK(read_instance_record(files, 8).error().message ==
          "test:/run/kexec-tools-mk/instances/8: is the record of instance 7");
    CHECK(read_instance_record(files, 9).error().code == Errc::not_found);
}

TEST_CASE("instance records: a file that only its owner can read, whole or not there") {
    const Root root;
    const auto umask_before = umask(0);
    const auto written = write_instance_record(root.path, some_record());
    umask(umask_before);
    REQUIRE(written);
    CHECK(mode_of(root.ours) == fs::perms::owner_all);
    CHECK(mode_of(root.ours / "instances") == fs::perms::owner_all);
    CHECK(mode_of(root.file) == (fs::perms::owner_read | fs::perms::owner_write));
    const DirectoryFiles files(root.path);
    CHECK(read_instance_record(files, 7) == some_record());

    auto again = some_record();
    again.entry = 0x1000;
    root.write("run/kexec-tools-mk/instances/7.new", "half a rec");
    REQUIRE(write_instance_record(root.path.string() + "/", again));
    CHECK(read_instance_record(files, 7) == again);
    CHECK(std::distance(fs::directory_iterator(root.ours / "instances"), fs::directory_iterator()) == 1);

    REQUIRE(remove_instance_record(root.path, 7));
    CHECK_FALSE(fs::exists(root.file));
    CHECK(remove_instance_record(root.path, 7));
}

TEST_CASE("instance records: removing one where none ever was is no error") {
    const Root root;
    CHECK(remove_instance_record(root.path, 7));
    CHECK(fs::is_empty(root.path));
}

TEST_CASE("instance records: a link does not lead a write elsewhere") {
    const Root root;
    const fs::path outside = root.path / "outside";
    fs::create_directories(outside);
    fs::create_directories(root.path / "run");
    SECTION("in the place of the folder") {
        fs::create_directory_symlink(outside, root.ours);
        const auto refused = write_instance_record(root.path, some_record());
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::denied);
        CHECK(fs::is_empty(outside));
    }
    SECTION("in the place of the records' folder") {
        fs::create_directory(root.ours);
        fs::create_directory_symlink(outside, root.ours / "instances");
        CHECK_FALSE(write_instance_record(root.path, some_record()));
        CHECK_FALSE(remove_instance_record(root.path, 7));
        CHECK(fs::is_empty(outside));
    }
    SECTION("in the place of the record or of the unfinished one") {
        REQUIRE(write_instance_record(root.path, some_record()));
        fs::remove(root.file);
        root.write("outside/file", "mine");
        fs::create_symlink(outside / "file", root.file);
        fs::create_symlink(outside / "file", root.file.string() + ".new");
        REQUIRE(write_instance_record(root.path, some_record()));
        CHECK(fs::is_regular_file(fs::symlink_status(root.file)));
        CHECK(fs::file_size(outside / "file") == 4);
    }
}

TEST_CASE("instance records: a folder that others may write to is not trusted") {
    const Root root;
    REQUIRE(write_instance_record(root.path, some_record()));
    REQUIRE(chmod((root.ours / "instances").c_str(), 0777) == 0);
    const auto refused = write_instance_record(root.path, some_record());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::denied);
    CHECK(refused.error().message.find("others may write to it (mode 777)") != std::string::npos);
}

TEST_CASE("instance records: a folder of another user's is not trusted") {
    if (geteuid() != 0)
        return; // only root can make one
    const Root root;
    REQUIRE(write_instance_record(root.path, some_record()));
    REQUIRE(chown(root.ours.c_str(), 65534, 65534) == 0);
    const auto refused = write_instance_record(root.path, some_record());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("belongs to user 65534") != std::string::npos);
}
