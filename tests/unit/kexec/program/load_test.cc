// SPDX-License-Identifier: GPL-2.0-or-later
// The load verb against a fake kernel: what a test of the whole program cannot reach.
#include "include/uapi/kexec.h"
#include "kexec/machine/system_files.h"
#include "kexec/program/load.h"
#include "kexec/program/ways_to_load.h"
#include "multikernel/placed/load_record.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/kexec/system/fake_kernel.h"
#include "tests/unit/temporary_folder.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace kx;
namespace fs = std::filesystem;

namespace {

// A kernel file that something else writes to while the load runs.
class ChangingKernel final : public test::FakeKernel {
public:
    explicit ChangingKernel(fs::path file) : file_(std::move(file)) {}
    SysResult<> load(std::uint64_t entry, std::span<const KernelSegment> segments, std::uint64_t flags) override {
        change(!segments.empty());
        return FakeKernel::load(entry, segments, flags);
    }
    SysResult<> load_files(int kernel_fd, int initrd_fd, const std::string& line, std::uint64_t flags) override {
        change(!(flags & uapi::kexec_file_unload));
        return FakeKernel::load_files(kernel_fd, initrd_fd, line, flags);
    }

private:
    void change(bool is_load) {
        if (is_load)
            fs::resize_file(file_, fs::file_size(file_) + 1);
    }
    fs::path file_;
};

struct Fixture {
    test::TemporaryFolder temporary;
    fs::path folder = temporary.path;
    Options options;
    Notices notices;
    DirectoryFiles files{TEST_SOURCE "/tests/fixtures/machines/small-vm"};

    Fixture() {
        options.load = true;
        options.kernel = folder / "vmlinuz";
        const auto image = test::BzimageBuilder{}.build();
        std::ofstream(options.kernel, std::ios::binary)
            .write(reinterpret_cast<const char*>(image.data()), static_cast<std::streamsize>(image.size()));
    }

    Result<int> load_with(Kernel& kernel) {
        Session session{options, files, kernel, notices};
        return load(session);
    }
};

} // namespace

TEST_CASE("a kernel file that changes under the load is dropped again, by either call") {
    for (const LoadBy by : {LoadBy::segments, LoadBy::files}) {
        Fixture fixture;
        fixture.options.load_by = by;
        ChangingKernel changing(fixture.options.kernel);
        const auto loaded = fixture.load_with(changing);
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().code == Errc::changed);
        CHECK(loaded.error().message.find("dropped again") != std::string::npos);
        if (by == LoadBy::segments)
            CHECK(changing.loads.back().segments.empty());
        else
            CHECK((changing.file_loads.back().flags & uapi::kexec_file_unload) != 0);
    }
}

TEST_CASE("a debug flag that the kernel does not know is left out, and the load goes on by files") {
    Fixture fixture;
    fixture.options.debug = true;
    test::FakeKernel kernel;
    kernel.file_answers = {EINVAL, 0};
    REQUIRE(fixture.load_with(kernel) == 0);
    REQUIRE(kernel.file_loads.size() == 2);
    CHECK((kernel.file_loads[0].flags & uapi::kexec_file_debug) != 0);
    CHECK((kernel.file_loads[1].flags & uapi::kexec_file_debug) == 0);
    CHECK(kernel.loads.empty());
}

TEST_CASE("the kernel file goes over as it is; a compressed one as what is in it") {
    Fixture fixture;
    test::FakeKernel kernel;
    REQUIRE(fixture.load_with(kernel) == 0);
    std::ifstream file(fixture.options.kernel, std::ios::binary);
    const std::string image((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    CHECK(kernel.file_loads.at(0).kernel == image);

    REQUIRE(std::system(("gzip -n " + fixture.options.kernel).c_str()) == 0);
    fixture.options.kernel += ".gz";
    REQUIRE(fixture.load_with(kernel) == 0);
    CHECK(kernel.file_loads.at(1).kernel == image);
}

TEST_CASE("a multikernel kernel never sees flags that mean an instance there") {
    Fixture fixture;
    const fs::path machine = fixture.folder / "machine";
    fs::create_directories(machine / "proc");
    std::ofstream(machine / "proc/filesystems") << "nodev\tsysfs\nnodev\tmultikernel\n";
    const DirectoryFiles files(machine.string());
    for (bool Options::*flag : {&Options::no_cma, &Options::force_device_tree}) {
        Options options = fixture.options;
        options.*flag = true;
        test::FakeKernel kernel;
        Session session{options, files, kernel, fixture.notices};
        const auto refused = load(session);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find("multikernel") != std::string::npos);
        CHECK(kernel.order.empty());
    }
}

TEST_CASE("--strict refuses before the call what would have been a note") {
    Fixture fixture;
    fixture.options.strict = true;
    fixture.notices.add("something to know");
    test::FakeKernel kernel;
    CHECK_FALSE(fixture.load_with(kernel));
    CHECK(kernel.order.empty());
}

TEST_CASE("an entry outside every segment is refused, one inside replaces purgatory's") {
    Fixture fixture;
    fixture.options.load_by = LoadBy::segments;
    fixture.options.entry = 0x10;
    test::FakeKernel kernel;
    CHECK_FALSE(fixture.load_with(kernel));
    CHECK(kernel.order.empty());
    fixture.options.entry = 0x1000200;
    REQUIRE(fixture.load_with(kernel) == 0);
    CHECK(kernel.loads.at(0).entry == 0x1000200);
}

TEST_CASE("a record names a file as it is seen from everywhere, from / too") {
    Fixture fixture;
    const fs::path before = fs::current_path();
    for (const fs::path& here : {fs::path("/"), fixture.folder}) {
        fs::current_path(here);
        const std::string relative = fs::path(fixture.options.kernel).lexically_relative(here);
        auto kernel = File::open(relative);
        REQUIRE(kernel);
        LoadInputs inputs{.kernel = *std::move(kernel), .initrd = {}, .device_tree = {}, .request = {}};
        inputs.request.kernel = {relative, inputs.kernel.bytes()};
        CHECK(record_of(inputs, "6.1").kernel_path == fixture.options.kernel);
    }
    fs::current_path(before);
}

TEST_CASE("kexec_load comes first where the user says where the load lies, and only there") {
    Options options;
    CHECK(ways_to_load(options) == std::vector{Way::files, Way::segments});
    options.checks = false;
    options.without_efi = options.reset_vga = options.console_vga = options.console_serial = true;
    options.serial_port = 0x3f8;
    options.serial_baud = 9600;
    options.device_tree = "tree";
    options.elf32_core_headers = options.memory_map_by_command_line = true;
    CHECK(ways_to_load(options) == std::vector{Way::files, Way::segments});
    options.memory_limits.end = 0x1000;
    CHECK(ways_to_load(options) == std::vector{Way::segments, Way::files});
    options.memory_limits = {0, UINT64_MAX};
    options.entry = 0x1000;
    CHECK(ways_to_load(options) == std::vector{Way::segments, Way::files});
    options.load_by = LoadBy::files;
    CHECK(ways_to_load(options) == std::vector{Way::files});
    options.load_by = LoadBy::segments;
    CHECK(ways_to_load(options) == std::vector{Way::segments});
}
