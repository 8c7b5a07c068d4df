// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/file.h"
#include "tests/unit/catch.h"
#include "tests/unit/temporary_folder.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace kx;
using test::TemporaryFolder;
namespace fs = std::filesystem;

TEST_CASE("what is no input file is refused by name") {
    TemporaryFolder folder;
    const auto missing = File::open(folder.path / "nothing");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code == Errc::not_found);
    CHECK(missing.error().message.find("nothing") != std::string::npos);
    CHECK_FALSE(File::open(folder.path));
    CHECK_FALSE(File::open(folder.write("empty", "")));
}

TEST_CASE("a file that changed after it was opened is noticed") {
    TemporaryFolder folder;
    const auto path = folder.write("kernel", "original");
    auto file = File::open(path);
    REQUIRE(file);
    CHECK(file->unchanged());
    fs::resize_file(path, 3);
    const auto changed = file->unchanged();
    REQUIRE_FALSE(changed);
    CHECK(changed.error().code == Errc::changed);
}

TEST_CASE("bytes that vanish under a mapping read as zero and do not end the process") {
    TemporaryFolder folder;
    const auto path = folder.write("initrd", std::string(3 * 4096, 'x'));
    auto file = File::open(path);
    REQUIRE(file);
    fs::resize_file(path, 100);
    const auto lost = file->bytes().view().read<le64>(2 * 4096);
    REQUIRE(lost);
    CHECK(*lost == 0u);
    CHECK_FALSE(file->unchanged());
}

TEST_CASE("bytes that could not be read are told, also when the file looks as before") {
    TemporaryFolder folder;
    const auto path = folder.write("initrd", std::string(3 * 4096, 'x'));
    auto file = File::open(path);
    REQUIRE(file);
    fs::resize_file(path, 100);
    CHECK(file->bytes().view().read<le64>(2 * 4096));
    fs::resize_file(path, 3 * 4096);
    const auto lost = file->unchanged();
    REQUIRE_FALSE(lost);
    CHECK(lost.error().code == Errc::io);
    CHECK(lost.error().message.find("could not be read") != std::string::npos);
}

TEST_CASE("a file that cannot be mapped is read") {
    const std::string path = "/sys/kernel/notes"; // a binary attribute, as /sys/firmware/initrd
    if (!fs::exists(path)) {
        WARN("no " << path << " here");
        return;
    }
    auto file = File::open(path);
    REQUIRE(file);
    CHECK(file->bytes().size() > 0);
    CHECK(file->unchanged());
}

TEST_CASE("devices are no input") {
    for (const char* path : {"/dev/zero", "/dev/null"}) {
        const auto refused = File::open(path);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::usage);
    }
}

TEST_CASE("a pipe is read whole into a sealed memory file") {
    TemporaryFolder folder;
    const std::string fifo = folder.path / "fifo";
    const std::string content(200'000, 'k');
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const auto writer = fork();
    REQUIRE(writer >= 0);
    if (writer == 0) {
        close(ends[0]);
        for (std::size_t done = 0; done < content.size();)
            done += static_cast<std::size_t>(write(ends[1], content.data() + done, content.size() - done));
        _exit(0);
    }
    close(ends[1]);
    auto file = File::open(fmt::format("/proc/self/fd/{}", ends[0]));
    close(ends[0]);
    REQUIRE(file);
    CHECK(file->bytes().size() == content.size());
    CHECK(file->bytes().view().has(content.size() - 4, "kkkk"));
    CHECK(file->unchanged());
    CHECK((fcntl(file->fd(), F_GET_SEALS) & F_SEAL_WRITE) != 0);
}

TEST_CASE("a sealed memory file has its content from where it is read, and stays as it is") {
    const std::string text = "an unpacked kernel";
    const auto file = sealed_memfd("vmlinux", ByteView(std::as_bytes(std::span(text))));
    REQUIRE(file);
    std::string content(100, '\0');
    CHECK(read(file->get(), content.data(), content.size()) == static_cast<ssize_t>(text.size()));
    CHECK(content.starts_with(text));
    constexpr int exec_seal = 0x20; // where the kernel knows it
    const int seals = fcntl(file->get(), F_GET_SEALS);
    CHECK((seals & ~exec_seal) == (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL));
    struct stat status {};
    REQUIRE(fstat(file->get(), &status) == 0);
    if (seals & exec_seal)
        CHECK((status.st_mode & 0111) == 0);
    CHECK(write(file->get(), "x", 1) < 0);
    CHECK(ftruncate(file->get(), 0) < 0);
}

TEST_CASE("a FIFO does not hold its reader up") {
    using namespace std::chrono_literals;
    const TemporaryFolder folder;
    const std::string fifo = folder.path / "fifo";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    const auto input = open_input(fifo);
    REQUIRE(input);
    const PipePatience short_one{.for_writer = 50ms, .for_data = 50ms};
    const auto nobody = read_into_memfd(fifo, input->get(), 100, short_one);
    REQUIRE_FALSE(nobody);
    CHECK(nobody.error().message.find("nobody wrote") != std::string::npos);

    const FileDescriptor writer(open(fifo.c_str(), O_WRONLY | O_CLOEXEC));
    const auto silent = read_into_memfd(fifo, input->get(), 100, short_one);
    REQUIRE_FALSE(silent);
    CHECK(silent.error().message.find("gave nothing") != std::string::npos);
    REQUIRE(write(writer.get(), "abc", 3) == 3);
    const auto stuck = read_into_memfd(fifo, input->get(), 100, short_one);
    REQUIRE_FALSE(stuck);
    CHECK(stuck.error().message.find("gave nothing") != std::string::npos);
}

TEST_CASE("a FIFO whose writer comes later is read whole") {
    using namespace std::chrono_literals;
    const TemporaryFolder folder;
    const std::string fifo = folder.path / "fifo";
    REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
    std::thread writer([&] {
        std::this_thread::sleep_for(100ms);
        std::ofstream(fifo) << "content";
    });
    const auto file = File::open(fifo);
    writer.join();
    REQUIRE(file);
    CHECK(file->bytes().view().size() == 7);
}

TEST_CASE("a device is not opened") {
    const auto refused = open_input("/dev/null");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::usage);
}
