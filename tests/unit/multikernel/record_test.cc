// SPDX-License-Identifier: GPL-2.0-or-later
#include "catch.h"
#include "machine/memory_files.h"
#include "multikernel/record.h"
#include "temporary_folder.h"

#include <sys/stat.h>
#include <unistd.h>

using namespace kx;
using namespace kx::test;
namespace fs = std::filesystem;

namespace {

InstanceRecord some_record() {
    return {.id = 7,
            .kernel_path = "/boot/vmlinuz \"x\"\n",
            .kernel_version = "6.1.0-50-cloud-amd64",
            .kernel_digest = "xxh3-128:00112233445566778899aabbccddeeff",
            .initrd_path = "",
            .command_line = "console=ttyS1,115200 password=\\\"",
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
    fs::path file = ours / "instances/7.json";
};

} // namespace

TEST_CASE("instance records: written and read") {
    auto record = some_record();
    CHECK(parse_instance_record(json_of(record), "f") == record);
    record.serial_port = std::nullopt;
    record.initrd_path = "/boot/initrd.img";
    CHECK(parse_instance_record(json_of(record), "f") == record);
}

TEST_CASE("instance records: what is wrong is told by file and key") {
    const auto [from, to, words] = GENERATE(table<std::string, std::string, std::string>({
        {"\"id\": 7", "\"id\": \"7\"", "\"id\" is not a number from 1 to 2047"},
        {"\"id\": 7", "\"id\": -7", "\"id\" is not"},
        {"\"id\": 7", "\"id\": 0", "\"id\" is not"},
        {"\"id\": 7", "\"id\": 2048", "\"id\" is not"},
        {"\"id\": 7", "\"id\": 7.0", "\"id\" is not"},
        {"\"id\": 7", "\"ids\": 7", "\"id\" is not"},
        {"kexec-instance-1", "kexec-instance-2", "\"schema\" is not kexec-instance-1"},
        {"\"schema\"", "\"scheme\"", "\"schema\" is not a text"},
        {"\"initrd_path\": \"\"", "\"initrd_path\": null", "\"initrd_path\" is not a text"},
        {"\"initrd_path\": \"\"", "\"initrd_path\": []", "\"initrd_path\" is not a text"},
        {"\"kernel_version\"", "\"kernel_versions\"", "\"kernel_version\" is not a text"},
        {"\"kernel_path\"", "\"kernel_paths\"", "\"kernel_path\" is not a text"},
        {"\"kernel_digest\"", "\"kernel_digests\"", "\"kernel_digest\" is not a text"},
        {"\"command_line\"", "\"command_lines\"", "\"command_line\" is not a text"},
        {"\"2025-01-02T03:04:05Z\"", "2025", "\"loaded_at\" is not a text"},
        {"\"serial_port\": 760", "\"serial_port\": 65536", "\"serial_port\" is not a number from 0 to 65535"},
        {"\"serial_port\": 760", "\"serial_ports\": 760", "\"serial_port\" is not"},
        {"\"entry\": 18446744073709547520", "\"entry\": 18446744073709551616", "\"entry\" is not"},
        {"{", "[", "is no JSON object"},
        {"{", "", "is no JSON object"},
        {"}\n", "} }", "is no JSON object"},
    }));
    const auto refused = parse_instance_record(replaced(json_of(some_record()), from, to), "/run/x.json");
    INFO(from << " -> " << to);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::malformed);
    INFO(refused.error().message);
    CHECK(refused.error().message.starts_with("/run/x.json: "));
    CHECK(refused.error().message.find(words) != std::string::npos);
}

TEST_CASE("instance records: hostile sizes and depths are refused") {
    CHECK_FALSE(parse_instance_record("", "f"));
    CHECK_FALSE(parse_instance_record("7", "f"));
    CHECK_FALSE(parse_instance_record(std::string(500'000, '['), "f"));
    CHECK(parse_instance_record(json_of(some_record()) + std::string(1 << 20, ' '), "f")
              .error()
              .message.find("longer than any record") != std::string::npos);
}

TEST_CASE("instance records: read as the machine shows them") {
    MemoryFiles files;
    files.with("run/kexec-tools-mk/instances/7.json", json_of(some_record()))
        .with("run/kexec-tools-mk/instances/8.json", json_of(some_record()));
    CHECK(read_instance_record(files, 7) == some_record());
    CHECK(read_instance_record(files, 8).error().message ==
          "test:/run/kexec-tools-mk/instances/8.json: is the record of instance 7");
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
    root.write("run/kexec-tools-mk/instances/7.json.new", "half a rec");
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
