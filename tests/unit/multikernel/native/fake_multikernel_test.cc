// SPDX-License-Identifier: GPL-2.0-or-later
// The fake kernel has the traps of doc/multikernel-dialects.md that loads meet: without them, tests of what keeps out
// of them could not fail.
#include "kexec/core/file.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/native/overlay.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/elf_builder.h"
#include "tests/unit/multikernel/native/fake_multikernel.h"

#include <cerrno>

using namespace kx;
using namespace kx::test;

namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t load_1 = 0x10 | 1 << 5;
constexpr std::uint64_t no_initrd = 4;
constexpr std::uint64_t unload = 1;

struct Loaded {
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel{files};
    std::vector<FileDescriptor> open;

    Loaded() {
        kernel.make_pool({0x10, 0x11}, 64 * mib);
        kernel.add_instance("web", 1, {0x11}, 16 * mib);
    }
    int descriptor(std::vector<std::byte> content) {
        open.push_back(sealed_memfd("test", ByteView(content)).value());
        return open.back().get();
    }
    int load(std::vector<std::byte> kernel_file, std::uint64_t flags = load_1 | no_initrd, int initrd = -1) {
        const auto answer = kernel.load_files(descriptor(std::move(kernel_file)), initrd, "8250.nr_uarts=0", flags);
        return answer ? 0 : answer.error().value;
    }
    std::string status() const { return read_native_facts(files)->instances.at(0).status; }
    bool harmed_by(std::string_view word) const { // this once
        return kernel.harm.size() == 1 && kernel.harm[0].find(word) != std::string::npos;
    }
};

std::vector<std::byte> vmlinux(bool with_note = true, std::uint32_t memory = 0x2000) {
    ElfBuilder<layout::Elf64<false>> elf;
    elf.machine(62).load(0x1000000, std::vector<std::byte>(16), memory);
    if (with_note)
        elf.note("Linux", 0x4d4b, std::string(8, '\1'));
    return elf.build();
}

std::vector<std::byte> bzimage() {
    std::vector<std::byte> file(0x400);
    std::memcpy(file.data() + 0x202, "HdrS", 4);
    return file;
}

} // namespace

TEST_CASE("fake: an instance is loaded, started, halted and unloaded") {
    Loaded machine;
    CHECK(machine.load(vmlinux()) == 0);
    CHECK(machine.status() == "loaded");
    CHECK(read_native_facts(machine.files)->instances.at(0).image->command_line == "8250.nr_uarts=0");
    CHECK(machine.load(vmlinux()) == EBUSY);
    CHECK(machine.kernel.start_instance(1, 0));
    CHECK(machine.status() == "active");
    CHECK(machine.kernel.start_instance(1, 0).error().value == EBUSY);
    machine.kernel.instances[1].answers_halt = false;
    CHECK(machine.kernel.halt_instance(1).error().value == ETIMEDOUT);
    CHECK(machine.kernel.force_halt_instance(1));
    CHECK(machine.kernel.force_halt_instance(1));
    CHECK(machine.kernel.halt_instance(1).error().value == EINVAL);
    CHECK(machine.kernel.load_files(-1, -1, "", load_1 | unload));
    CHECK(machine.status() == "ready");
    CHECK(machine.kernel.load_files(-1, -1, "", load_1 | unload).error().value == ENOENT);
    CHECK(machine.kernel.start_instance(1, 0).error().value == EINVAL);
    CHECK(machine.kernel.halt_instance(2).error().value == ENOENT);
    CHECK(machine.load(vmlinux(), 0x10 | 2 << 5 | no_initrd) == ENOENT);
    CHECK(machine.load(vmlinux(), 0x10 | no_initrd) == EINVAL);
    CHECK(machine.kernel.harm.empty());
}

TEST_CASE("fake, trap 1: a load that fails leaves an instance that only removal mends") {
    const auto breaks = [](auto load, int error) {
        Loaded machine;
        CHECK(load(machine) == error);
        CHECK(machine.load(vmlinux()) == EBUSY);
        CHECK(machine.status() == "ready");
        CHECK(read_native_facts(machine.files)->instances.at(0).image);
        CHECK(machine.kernel.harm.empty());
        CHECK(machine.kernel.load_files(-1, -1, "", load_1 | unload));
        CHECK(machine.harmed_by("crash: unload of instance 1"));
    };
    breaks([](Loaded& machine) { return machine.load(std::vector<std::byte>(100)); }, ENOEXEC);
    breaks([](Loaded& machine) { return machine.load(vmlinux(false)); }, ENOEXEC);
    breaks([](Loaded& machine) { return machine.load(vmlinux(true, 64 * mib)); }, ENOMEM);
    breaks([](Loaded& machine) { return machine.load(vmlinux(), load_1, -1); }, EBADF);
}

TEST_CASE("fake, trap 2: unloading an active instance succeeds, and the next load overwrites a kernel that runs") {
    Loaded machine;
    CHECK(machine.load(vmlinux()) == 0);
    CHECK(machine.kernel.start_instance(1, 0));
    CHECK(machine.kernel.load_files(-1, -1, "", load_1 | unload));
    CHECK(machine.harmed_by("unloaded while it ran"));
    CHECK(machine.load(vmlinux()) == 0);
    CHECK(machine.kernel.harm.size() == 2);
}

TEST_CASE("fake, trap 3: a bzImage is accepted, and resets the machine when it starts") {
    Loaded machine;
    CHECK(machine.load(bzimage()) == 0);
    CHECK(machine.status() == "loaded");
    CHECK(machine.kernel.harm.empty());
    CHECK(machine.kernel.start_instance(1, 0));
    CHECK(machine.harmed_by("bzImage"));
}

TEST_CASE("fake, trap 6: kexec_load leaves an orphan, or drops every image") {
    Loaded machine;
    machine.kernel.load(1);
    CHECK(machine.kernel.load(0, std::vector<KernelSegment>(1), 0x10));
    CHECK(machine.harmed_by("nothing can start or free"));
    CHECK(machine.kernel.load(0, {}, load_1).error().value == EINVAL);
    CHECK(machine.status() == "loaded");
    CHECK(machine.kernel.load(0, {}, 0x10));
    CHECK(machine.status() == "ready");
}

TEST_CASE("fake: a start as the first patches have it, and an overlay in pieces, are harm") {
    Loaded machine;
    CHECK_FALSE(machine.kernel.start_on_cpu(1));
    CHECK(machine.harmed_by("first patches"));
    CHECK(machine.kernel.write_attribute("sys/fs/multikernel/overlays/new", std::string(4096, 'x')).error().value ==
          EINVAL);
    CHECK(machine.kernel.harm.size() == 2);
    CHECK(machine.kernel.remove_folder("sys/fs/multikernel/instances/web").error().value == EPERM);
    CHECK(machine.kernel.remove_folder("sys/fs/multikernel/overlays/tx_9").error().value == ENOENT);
}

namespace {

// As other programs change instances: nothing is looked at before.
void write(FakeMultikernel& kernel, const Overlay& overlay, std::string_view status = "applied") {
    const auto blob = overlay_blob(overlay).value();
    REQUIRE(kernel.write_overlay({reinterpret_cast<const char*>(blob.data()), blob.size()}) == 0);
    CHECK(kernel.overlays.back().status == status);
}

} // namespace

TEST_CASE("fake, trap 9: removing an instance whose load failed with ENOMEM is a BUG") {
    Loaded machine;
    CHECK(machine.load(vmlinux(true, 64 * mib)) == ENOMEM);
    write(machine.kernel, Overlay("").remove("web"));
    CHECK(machine.harmed_by("BUG"));
    Loaded other;
    CHECK(other.load(vmlinux(false)) == ENOEXEC);
    write(other.kernel, Overlay("").remove("web"));
    CHECK(other.kernel.harm.empty());
}

TEST_CASE("fake, trap 10: memory that was added is no room for images, and is lost with its instance") {
    Loaded machine;
    write(machine.kernel, Overlay("").change({.instance = "web", .memory_added = {{0x42000000, 0x43000000}}}));
    CHECK(total_size(machine.kernel.find("web")->memory) == 32 * mib);
    CHECK(machine.load(vmlinux(true, 20 * mib)) == ENOMEM);
    machine.kernel.find("web")->out_of_memory = false;
    write(machine.kernel, Overlay("").remove("web"));
    CHECK(total_size(machine.kernel.lost) == 16 * mib);
    write(machine.kernel, Overlay("").change({.instance = {}, .cpus_removed = {0x10, 0x11}}));
    write(machine.kernel, Overlay("").change({.instance = {}, .memory_removed = {machine.kernel.chunks[0].range}}),
          "failed");
}

TEST_CASE("fake, trap 11: an instance gives up what it was created with, and its images go there all the same") {
    Loaded machine;
    write(machine.kernel, Overlay("").change({.instance = "web",
                                              .memory_added = {{0x42000000, 0x42100000}},
                                              .memory_removed = {machine.kernel.find("web")->created[0]}}));
    write(machine.kernel, Overlay("").create({.name = "db", .id = 2, .cpus = {0x10}, .memory_size = 16 * mib}));
    CHECK(machine.load(vmlinux()) == 0);
    CHECK(machine.harmed_by("memory of instance 2"));
    CHECK(machine.kernel.load_files(-1, -1, "", load_1 | unload));
    write(machine.kernel, Overlay("").remove("web"));
    CHECK(machine.kernel.harm.size() == 2);
}

TEST_CASE("fake, trap 12: a halt by force answers 0 and stops no kernel that died early") {
    Loaded machine;
    machine.kernel.load(1);
    machine.kernel.find("web")->dies_early = true;
    CHECK(machine.kernel.start_instance(1, 0));
    CHECK(machine.kernel.halt_instance(1).error().value == ETIMEDOUT);
    CHECK(machine.kernel.force_halt_instance(1));
    CHECK(machine.status() == "loaded");
    CHECK(machine.kernel.start_instance(1, 0).error().value == EBUSY);
    CHECK(machine.kernel.load_files(-1, -1, "", load_1 | unload));
    write(machine.kernel, Overlay("").remove("web"));
    CHECK(total_size(machine.kernel.lost) == 16 * mib);
    write(machine.kernel, Overlay("").create({.name = "web", .id = 1, .cpus = {0x11}, .memory_size = 16 * mib}));
    machine.kernel.load(1);
    CHECK(machine.kernel.start_instance(1, 0).error().value == EBUSY);
    CHECK(machine.kernel.load_files(-1, -1, "", load_1 | unload));
    write(machine.kernel, Overlay("").remove("web"));
    write(machine.kernel, Overlay("").change({.instance = {}, .cpus_removed = {0x11}}));
    write(machine.kernel, Overlay("").change({.instance = {}, .cpus_added = {0x11}}));
    write(machine.kernel, Overlay("").create({.name = "web", .id = 1, .cpus = {0x11}, .memory_size = 16 * mib}));
    machine.kernel.load(1);
    CHECK(machine.kernel.start_instance(1, 0));
}

TEST_CASE("fake, trap 13: an undo goes by name, and one that meets something busy fails for good") {
    Loaded machine;
    write(machine.kernel, Overlay("").change({.instance = "web", .cpus_added = {0x10}}));
    write(machine.kernel, Overlay("").remove("web"));
    write(machine.kernel, Overlay("").create({.name = "web", .id = 1, .cpus = {0x11, 0x10}, .memory_size = 16 * mib}));
    machine.kernel.load(1);
    CHECK(machine.kernel.remove_folder("sys/fs/multikernel/overlays/tx_2").error().value == EBUSY);
    CHECK(machine.kernel.overlays[0].status == "failed");
    machine.kernel.overlays[0].status = "applied";
    CHECK(machine.kernel.load_files(-1, -1, "", load_1 | unload));
    CHECK(machine.kernel.remove_folder("sys/fs/multikernel/overlays/tx_2"));
    CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x11}); // of the later one
}

TEST_CASE("fake, trap 14: a kernel that runs is told of one range, and another one is booked") {
    Loaded machine;
    machine.kernel.make_pool({}, 256 * mib);
    machine.kernel.load(1, "active");
    write(machine.kernel, Overlay("").change({.instance = "web", .memory_added = {{0x4a000000, 0x4b000000}}}),
          "failed");
    write(machine.kernel, Overlay("").change({.instance = "web", .memory_added = {{0x48000000, 0x49000000}}}));
    CHECK(machine.harmed_by("share memory"));
}

TEST_CASE("fake, traps 15 and 16: a search for UARTs, and a start beside kho=on") {
    const auto start = [](std::string command_line, std::string host) {
        Loaded machine;
        machine.kernel.load(1);
        machine.kernel.find("web")->image->command_line = std::move(command_line);
        machine.files.with("proc/cmdline", std::move(host));
        CHECK(machine.kernel.start_instance(1, 0));
        return machine.kernel.harm.size();
    };
    CHECK(start("console=mktty0", "quiet") == 1);
    CHECK(start("console=mktty0 8250.nr_uarts=0", "quiet") == 0);
    CHECK(start("console=ttyS1", "quiet") == 0);
    CHECK(start("console=ttyS1", "quiet kho=on") == 1);
}
