// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/file.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/system/fake_kernel.h"

#include <cerrno>

using namespace kx;

TEST_CASE("the fake kernel keeps copies of what it was given, in order, and answers as scripted") {
    test::FakeKernel kernel;
    kernel.load_answers = {EBUSY, 0};
    std::vector<std::byte> bytes(3, std::byte{7});
    const KernelSegment segment{ByteView(bytes), {0x1000, 0x3000}};

    const auto refused = kernel.load(0x1000, {&segment, 1}, 1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().value == EBUSY);
    bytes.assign(3, std::byte{0});
    CHECK(kernel.load(0, {}, 0));
    CHECK(kernel.load(0, {}, 0));
    kernel.sync_filesystems();
    CHECK(kernel.start());

    REQUIRE(kernel.loads.size() == 3);
    REQUIRE(kernel.loads[0].segments.size() == 1);
    CHECK(kernel.loads[0].entry == 0x1000);
    CHECK(kernel.loads[0].segments[0].bytes == std::vector<std::byte>(3, std::byte{7}));
    CHECK(kernel.loads[0].segments[0].memory == PhysRange{0x1000, 0x3000});
    CHECK(kernel.order == std::vector<std::string>{"load", "load", "load", "sync", "start"});
}

TEST_CASE("the fake kernel reads the files it is given and leaves their offsets alone") {
    test::FakeKernel kernel;
    const std::string text = "kernel";
    const auto file = sealed_memfd("kernel", ByteView(std::as_bytes(std::span(text))));
    REQUIRE(file);
    CHECK(kernel.load_files(file->get(), -1, "quiet", 4));
    CHECK(kernel.load_files(file->get(), -1, "quiet", 4));
    CHECK(kernel.file_loads[1].kernel == "kernel");
    CHECK(kernel.file_loads[1].initrd.empty());
    CHECK(kernel.file_loads[1].command_line == "quiet");
}
