// SPDX-License-Identifier: GPL-2.0-or-later
// kexec -l --multikernel=NAME with what `multikernelctl create` keeps: on a stock kernel.
#include "kexec/program/instance_verbs.h"
#include "multikernel/records/record.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/multikernel/ctl/ctl_machine.h"

using namespace kx;

namespace {

struct Defined : test::CtlModule {
    Notices notices;
    Defined() {
        const auto image = test::BzimageBuilder{}.build();
        folder.write("vmlinuz", {reinterpret_cast<const char*>(image.data()), image.size()});
        REQUIRE(run({"create", "web", "--cpus", "3", "--memory", "128M@0x28000000", "--id", "7"}).code == 0);
    }
    Result<int> kexec(std::vector<std::string> words) {
        words.insert(words.begin(), "kexec");
        for (std::string& word : words) {
            if (word == "KERNEL")
                word = (folder.path / "vmlinuz").string();
        }
        const auto options = parse_options(words, notices);
        if (!options)
            return std::unexpected(options.error());
        Session session{*options, files, kernel, notices, folder.path.string()};
        return instance_verb(session);
    }
    void fails(std::vector<std::string> words, std::string_view word) {
        const auto answer = kexec(std::move(words));
        REQUIRE_FALSE(answer);
        INFO(answer.error().message);
        CHECK(answer.error().message.find(word) != std::string::npos);
        CHECK(kernel.images.empty());
    }
};

} // namespace

TEST_CASE("a load by name or id has the CPUs and the memory of the definition") {
    for (const std::string who : {"web", "7"}) {
        Defined machine;
        const auto loaded = machine.kexec({"-l", "--multikernel=" + who, "KERNEL"});
        INFO((loaded ? "" : loaded.error().message));
        REQUIRE(loaded == 0);
        REQUIRE(machine.kernel.images.contains(7));
        CHECK(machine.kernel.images.at(7).cpus == std::vector<std::uint32_t>{3});
        CHECK(machine.kernel.images.at(7).memory.back() == PhysRange{0x28000000, 0x30000000});
        CHECK(read_instance_record(machine.files, 7).value().name == "web");
        CHECK(machine.run({"list"}).says("7   web   loaded"));
    }
}

TEST_CASE("--cpu and --memory are held against the definition") {
    Defined machine;
    machine.fails({"-l", "--multikernel=web", "--cpu", "2", "KERNEL"}, "is defined with CPU 3 (apic 0x6)");
    machine.fails({"-l", "--multikernel=web", "--memory", "64M", "KERNEL"}, "is defined with 128M@0x28000000");
    CHECK(machine.kexec({"-l", "--multikernel=web", "--cpu", "apic:0x6", "--memory", "128M", "KERNEL"}) == 0);
}

TEST_CASE("a load of another instance keeps clear of a definition") {
    Defined machine;
    machine.fails({"-l", "--multikernel", "--cpu", "3", "KERNEL"}, "is kept for instance 7 (web)");
    machine.fails({"-l", "--multikernel", "--cpu", "2", "--memory", "128M@0x28000000", "KERNEL"}, "0x28000000");
    REQUIRE(machine.kexec({"-l", "--multikernel", "--cpu", "2", "--memory", "300M", "KERNEL"}).has_value() == false);
    REQUIRE(machine.kexec({"-l", "--multikernel", "--cpu", "2", "--memory", "128M", "KERNEL"}) == 0);
    CHECK_FALSE(machine.kernel.images.at(1).memory.back().overlaps({0x28000000, 0x30000000}));
}

TEST_CASE("what is only defined has nothing to drop or to stop, and --remove drops the definition") {
    Defined machine;
    machine.fails({"-u", "--multikernel=web"}, "no kernel to drop");
    machine.fails({"--halt", "--multikernel=web"}, "does not run");
    machine.fails({"-e", "--multikernel=web"}, "no kernel to start");
    CHECK(machine.kexec({"-u", "--multikernel=all"}) == 0);
    CHECK(machine.kernel.order.empty());
    CHECK(machine.kexec({"--remove", "--multikernel=web"}) == 0);
    CHECK(machine.definition("web") == "none");
}
