// SPDX-License-Identifier: GPL-2.0-or-later
// On a stock kernel the bits of a multikernel call mean other things: no such call may ever reach it.
#include "tests/unit/catch.h"
#include "tests/unit/multikernel/module/fake_module.h"
#include "tests/unit/multikernel/native/multikernel_machine.h"

using namespace kx;
using namespace kx::test;

namespace {

// A kernel as it comes from kernel.org, as far as flags go: what it would make of each call is written down.
class MainlineKernel final : public Kernel {
public:
    std::vector<std::string> done;

    SysResult<> load(std::uint64_t, std::span<const KernelSegment> segments, std::uint64_t flags) override {
        constexpr std::uint64_t known = 0xf; // ON_CRASH, PRESERVE_CONTEXT, UPDATE_ELFCOREHDR, CRASH_HOTPLUG_SUPPORT
        if (flags & 0xffff & ~known)
            return note("kexec_load: EINVAL", EINVAL);
        return note(segments.empty() ? "kexec_load: unloaded" : "kexec_load: loaded");
    }
    SysResult<> load_files(int, int, const std::string&, std::uint64_t flags) override {
        constexpr std::uint64_t known = 0x3f; // NO_CMA is 0x10, FORCE_DTB 0x20
        if (flags & ~known)
            return note("kexec_file_load: EINVAL", EINVAL);
        return note(flags & 1 ? "the normal image was unloaded" : "the normal image was replaced");
    }
    SysResult<> start() override { return note("started"); }
    void sync_filesystems() override { done.emplace_back("sync"); }
    SysResult<> start_instance(std::uint32_t, std::uint32_t) override { return note("reboot: EINVAL", EINVAL); }
    SysResult<> halt_instance(std::uint32_t) override { return note("reboot: EINVAL", EINVAL); }
    SysResult<> force_halt_instance(std::uint32_t) override { return note("reboot: EINVAL", EINVAL); }
    SysResult<> start_on_cpu(std::uint32_t) override { return note("reboot: EINVAL", EINVAL); }
    SysResult<> write_attribute(const std::string& path, std::string_view) override { return note("write " + path); }
    SysResult<> remove_folder(const std::string& path) override { return note("rmdir " + path); }

private:
    SysResult<> note(std::string text, int error = 0) {
        done.push_back(std::move(text));
        return error ? SysResult<>(std::unexpected(Errno{error})) : SysResult<>{};
    }
};

const std::vector<std::vector<std::string>> verbs = {
    {"-l", "--multikernel=1", "--cpu=2"},
    {"-l", "--multikernel=web", "--cpu=2", "--memory=64M"},
    {"-l", "--multikernel", "--cpu=2", "--multikernel-pool=64M"},
    {"-f", "--multikernel=1", "--cpu=2"},
    {"-e", "--multikernel=1"},
    {"-e", "--multikernel=web"},
    {"-u", "--multikernel=1"},
    {"-u", "--multikernel=all"},
    {"--halt", "--multikernel=1"},
    {"--halt=force", "--multikernel=all"},
    {"--remove", "--multikernel=web"},
    {"-S", "--multikernel"},
};

struct Machine {
    TemporaryFolder folder;
    MemoryFiles files;
    MainlineKernel kernel;
    Notices notices;

    Result<int> run(std::vector<std::string> words, const char* abi, bool by_image) {
        const auto image = BzimageBuilder{}.build();
        folder.write("vmlinuz", {reinterpret_cast<const char*>(image.data()), image.size()});
        words.insert(words.begin(), "kexec");
        if (abi)
            words.push_back(fmt::format("--mk-abi={}", abi));
        if (by_image)
            words.push_back((folder.path / "vmlinuz").string());
        const auto options = parse_options(words, notices);
        if (!options)
            return std::unexpected(options.error());
        Session session{*options, files, kernel, notices, folder.path.string()};
        return options->pool && !options->load ? instance_pool(session) : instance_verb(session);
    }
};

} // namespace

TEST_CASE("safety: no multikernel call reaches a stock kernel, whatever is asked for") {
    for (const auto& verb : verbs) {
        for (const char* abi : {static_cast<const char*>(nullptr), "auto", "native", "instances", "module"}) {
            Machine machine;
            machine.files = machine_with_module();
            machine.files.without("sys/fs/multikernel");
            const auto answer = machine.run(verb, abi, verb[0] == "-l" || verb[0] == "-f");
            INFO(fmt::format("{} {}", fmt::join(verb, " "), abi ? abi : ""));
            REQUIRE_FALSE(answer);
            CHECK(machine.kernel.done.empty());
            INFO(answer.error().message);
            CHECK(answer.error().code == Errc::unsupported);
        }
    }
}

TEST_CASE("safety: the refusal names the three ways") {
    Machine machine;
    machine.files = machine_with_module();
    machine.files.without("sys/fs/multikernel");
    const auto answer = machine.run({"-e", "--multikernel=1"}, nullptr, false);
    for (const char* way : {"multikernel.ko", "boot a multikernel kernel", "--mk-abi=v1"})
        CHECK(answer.error().message.find(way) != std::string::npos);
}

TEST_CASE("safety: an interface that the kernel does not have is refused, v1 on each that is known") {
    for (const auto& verb : verbs) {
        const bool by_image = verb[0] == "-l" || verb[0] == "-f";
        for (const bool with_module : {false, true}) {
            Machine machine;
            machine.files = with_module ? machine_with_module() : machine_with_multikernel();
            for (const char* abi : {"v1", with_module ? "native" : "module"}) {
                const auto answer = machine.run(verb, abi, by_image);
                INFO(fmt::format("{} {}", fmt::join(verb, " "), abi));
                REQUIRE_FALSE(answer);
                CHECK(answer.error().message.find(fmt::format("--mk-abi={}", abi)) != std::string::npos);
            }
            CHECK(machine.kernel.done.empty());
        }
    }
}

TEST_CASE("safety: the pool of a stock kernel is no multikernel call") {
    Machine machine;
    machine.files = machine_with_module();
    machine.files.without("sys/fs/multikernel");
    CHECK(machine.run({"--multikernel-pool"}, nullptr, false) == 0);
    CHECK_FALSE(machine.run({"--multikernel-pool=64M"}, "native", false));
    CHECK_FALSE(machine.run({"--multikernel-pool=64M"}, "module", false));
    CHECK(machine.kernel.done.empty());
}
