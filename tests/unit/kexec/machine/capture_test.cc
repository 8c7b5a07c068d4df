// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/capabilities.h"
#include "kexec/machine/capture.h"
#include "kexec/machine/machine.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/crash/crash_machine.h"
#include "tests/unit/kexec/machine/memory_files.h"
#include "tests/unit/temporary_folder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include <sys/stat.h>
#include <unistd.h>

using namespace kx;
using namespace kx::test;
namespace fs = std::filesystem;

namespace {

struct Destination {
    test::TemporaryFolder outer;
    std::string path = outer.path / "captured";
};

MemoryFiles rich_machine() {
    auto files = small_machine();
    files.with("sys/kernel/kexec_loaded", "0\n")
        .with("sys/firmware/efi/fw_platform_size", "64\n")
        .with("sys/firmware/efi/runtime", "0x7f5edb98\n")
        .with("proc/self/status", "Name:\tkexec\nPid:\t77\nCapEff:\t000001ffffffffff\n")
        .with("proc/kallsyms", "ffffffff8d165f10 T __x64_sys_kexec_load\nffffffff8d165f20 T secret_symbol\n"
                               "ffffffff8d165f30 T __x64_sys_kexec_file_load\n")
        .with("etc/shadow", "root:x\n")
        .with_memory_block(1, "online")
        .with_memory_block(2, "offline")
        .with_runtime_range(0, 5, 0x7e000000, 0xfffffffeffe00000, 16, 15)
        .folders = {"sys/kernel/debug/kho", "sys/fs/multikernel/instances"};
    files.with("proc/filesystems", "nodev\tmultikernel\n\text4\n");
    return files;
}

std::vector<std::string> told(const SystemFiles& files) {
    std::vector<std::string> lines;
    for (const Capability& found : read_capabilities(files))
        lines.push_back(fmt::format("{}: {}: {}", found.name, name_of(found.state), found.finding));
    return lines;
}

} // namespace

TEST_CASE("a captured machine is the same machine") {
    const auto files = rich_machine();
    const Destination to;
    Notices notices;
    const auto written = capture_machine(files, to.path, notices);
    REQUIRE(written);
    CHECK(notices.texts().empty());
    const DirectoryFiles captured(to.path);
    CHECK(*read_machine(captured, notices) == *read_machine(files, notices));
    const auto told_by_capture = told(captured);
    CHECK(told_by_capture.size() == 23);
    for (const std::string& line : told_by_capture)
        if (line.find(to.path) == std::string::npos)
            CHECK(std::ranges::count(told(files), line) == 1);
    CHECK(fs::is_directory(to.outer.path / "captured/sys/fs/multikernel/instances"));
}

TEST_CASE("a capture holds what was read and nothing else") {
    const Destination to;
    Notices notices;
    const auto written = capture_machine(rich_machine(), to.path, notices);
    REQUIRE(written);
    CHECK(std::ranges::is_sorted(*written));
    std::vector<std::string> there;
    for (const auto& entry : fs::recursive_directory_iterator(to.path))
        if (entry.is_regular_file())
            there.push_back(entry.path().string().substr(to.path.size() + 1));
    std::ranges::sort(there);
    CHECK(there == *written);
    CHECK(std::ranges::count(*written, "proc/sys/kernel/arch") == 1);
    CHECK(std::ranges::count(*written, "proc/sys/kernel/osrelease") == 1);
    CHECK(std::ranges::count(*written, "etc/shadow") == 0);
    CHECK(std::ranges::count(*written, "sys/devices/system/memory/memory2/state") == 1);
    CHECK(std::ranges::count(*written, "sys/devices/system/memory/memory2/removable") == 0);
    const DirectoryFiles captured(to.path);
    CHECK(captured.read("proc/self/status") == "CapEff:\t000001ffffffffff\n");
    CHECK(captured.read("proc/kallsyms") ==
          "0000000000000000 T __x64_sys_kexec_load\n0000000000000000 T __x64_sys_kexec_file_load\n");
}

TEST_CASE("of kcore a capture holds the headers that were read, without virtual addresses") {
    auto files = rich_machine();
    files.with("proc/kcore", kcore(kcore_entries()));
    const Destination to;
    Notices notices;
    const std::size_t headers = 64 + 56 * kcore_entries().size();
    const auto read_headers = [&](const SystemFiles& read) {
        CHECK(read.read_head("proc/kcore", headers));
        CHECK(read.read_head("proc/kcore", 64));
        CHECK_FALSE(read.read_head("proc/none", 64));
    };
    const auto written = capture_machine(files, to.path, notices, read_headers);
    REQUIRE(written);
    CHECK(std::ranges::count(*written, "proc/kcore") == 1);
    auto hidden = kcore_entries();
    for (KcoreEntry& entry : hidden)
        entry.virtual_address = 0;
    CHECK(DirectoryFiles(to.path).read("proc/kcore") == kcore(hidden).substr(0, headers));
}

TEST_CASE("only their owner can read a capture's files") {
    const Destination to;
    Notices notices;
    const auto umask_before = umask(0);
    const auto written = capture_machine(rich_machine(), to.path + "/deeper/", notices);
    umask(umask_before);
    REQUIRE(written);
    const auto mode_of = [](const fs::path& path) { return fs::status(path).permissions(); };
    CHECK(mode_of(to.path) == fs::perms::owner_all);
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(to.path)) {
        INFO(entry.path());
        files += entry.is_regular_file();
        CHECK(mode_of(entry.path()) ==
              (entry.is_directory() ? fs::perms::owner_all : fs::perms::owner_read | fs::perms::owner_write));
    }
    CHECK(files == written->size());
}

TEST_CASE("a capture without a place to go fails") {
    Notices notices;
    CHECK_FALSE(capture_machine(rich_machine(), "", notices));
    CHECK_FALSE(capture_machine(rich_machine(), "/proc/no-such/place", notices));
}

TEST_CASE("a folder with something in it is not captured to") {
    const Destination to;
    Notices notices;
    fs::create_directory(to.path);
    std::ofstream(to.path + "/mine") << "x";
    const auto refused = capture_machine(rich_machine(), to.path, notices);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::usage);
    CHECK(refused.error().message.starts_with(to.path));
    CHECK(std::distance(fs::directory_iterator(to.path), fs::directory_iterator()) == 1);
    fs::remove(to.path + "/mine");
    CHECK(capture_machine(rich_machine(), to.path, notices));
    CHECK_FALSE(capture_machine(rich_machine(), to.path + "/proc/cmdline", notices));
}

TEST_CASE("what could not be read is noted, and a machine that cannot be planned for is captured all the same") {
    auto files = rich_machine();
    files.denied = {"sys/firmware/efi/runtime"};
    files.with("proc/iomem", "nonsense\n");
    const Destination to;
    Notices notices;
    const auto written = capture_machine(files, to.path, notices);
    REQUIRE(written);
    CHECK(DirectoryFiles(to.path).read("proc/iomem") == "nonsense\n");
    REQUIRE(notices.texts().size() == 1);
    CHECK(notices.texts()[0].find("no load can be planned") == 0);

    const Destination other;
    Notices about_hidden;
    files.with("proc/iomem", "00000000-00000000 : System RAM\n");
    REQUIRE(capture_machine(files, other.path, about_hidden));
    REQUIRE(about_hidden.texts().size() == 2);
    CHECK(about_hidden.texts()[0] == "test:/sys/firmware/efi/runtime: Permission denied; it is not in the capture");
    CHECK(about_hidden.texts()[1].find("capture as root") != std::string::npos);
}

TEST_CASE("a listing cannot lead a capture out of its folder") {
    MemoryFiles files;
    files.with("a/../../outside", "x").with("a/inside", "y");
    const RecordingFiles recording(files);
    REQUIRE(recording.read("a/../../outside"));
    REQUIRE(recording.read("a/inside"));
    const Destination to;
    CHECK(recording.write_to(to.path) == std::vector<std::string>{"a/inside"});
    CHECK_FALSE(fs::exists(to.outer.path / "outside"));
}

namespace {

constexpr uid_t somebody_else = 4711;

// Another user, who acts when a capture has looked at its folder and before it writes: then it reads whole what it
// had only searched.
class Intruder final : public SystemFiles {
public:
    Intruder(const SystemFiles& files, std::function<void()> act) : files_(files), act_(std::move(act)) {}
    Result<std::string> read(std::string_view path) const override {
        if (path == "proc/kallsyms")
            act_();
        return files_.read(path);
    }
    Result<std::string> read_lines_with(std::string_view path, std::string_view word) const override {
        return files_.read_lines_with(path, word);
    }
    Result<std::vector<std::string>> list(std::string_view path) const override { return files_.list(path); }
    std::string display(std::string_view path) const override { return files_.display(path); }

private:
    const SystemFiles& files_;
    std::function<void()> act_;
};

} // namespace

TEST_CASE("a link that somebody puts below a capture's folder meanwhile is not followed") {
    auto files = rich_machine();
    files.with("proc/cmdline", "quiet\n");
    for (const std::string planted : {"proc", "proc/cmdline", "sys", "sys/kernel", "sys/kernel/debug"}) {
        INFO(planted);
        const test::TemporaryFolder outer;
        const fs::path top = outer.path / "captured", elsewhere = outer.path / "elsewhere";
        fs::create_directory(elsewhere);
        fs::create_directory(top);
        const Intruder hostile(files, [&] {
            fs::create_directories((top / planted).parent_path());
            fs::create_directory_symlink(planted == "proc/cmdline" ? elsewhere / "written" : elsewhere, top / planted);
        });
        const RecordingFiles recording(hostile);
        REQUIRE(recording.read("proc/cmdline"));
        REQUIRE(recording.read_lines_with("proc/kallsyms", "kexec"));
        REQUIRE(recording.list("sys/kernel/debug/kho"));
        const auto written = recording.write_to(top);
        REQUIRE_FALSE(written);
        CHECK(written.error().message.find(top / planted) != std::string::npos);
        CHECK(fs::is_empty(elsewhere));
    }
}

TEST_CASE("a folder of another user's is not captured to, and a link of another user's leads nowhere") {
    if (geteuid() != 0)
        return; // only root can make one
    const test::TemporaryFolder outer;
    const fs::path theirs = outer.path / "theirs", link = outer.path / "link", real = outer.path / "real";
    fs::create_directory(theirs);
    REQUIRE(chown(theirs.c_str(), somebody_else, somebody_else) == 0);
    Notices notices;
    const auto refused = capture_machine(rich_machine(), theirs, notices);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::denied);
    CHECK(refused.error().message == theirs.string() + ": belongs to user 4711, not to this one");
    CHECK(fs::is_empty(theirs));

    fs::create_directory(real);
    fs::create_directory_symlink(real, link);
    REQUIRE(lchown(link.c_str(), somebody_else, somebody_else) == 0);
    for (const fs::path& to : {link, link / "deeper"}) {
        const auto followed = capture_machine(rich_machine(), to, notices);
        REQUIRE_FALSE(followed);
        CHECK(followed.error().message.find("link is a link of user 4711") != std::string::npos);
    }
    CHECK(fs::is_empty(real));
    REQUIRE(lchown(link.c_str(), 0, 0) == 0);
    CHECK(capture_machine(rich_machine(), link / "deeper" / ".." / "deeper" / "still", notices));
    CHECK(fs::exists(real / "deeper/still/proc/iomem"));
}

TEST_CASE("a folder that everybody may write to is not captured to") {
    const Destination to;
    fs::create_directory(to.path);
    fs::permissions(to.path, fs::perms::all);
    Notices notices;
    const auto refused = capture_machine(rich_machine(), to.path, notices);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("others may write to it (mode 777)") != std::string::npos);
}
