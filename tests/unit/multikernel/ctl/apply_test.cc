// SPDX-License-Identifier: GPL-2.0-or-later
// plan, apply and revert on both kinds of kernels.
#include "multikernel/ctl/apply.h"
#include "multikernel/ctl/run.h"
#include "multikernel/desired/file.h"
#include "multikernel/desired/validation.h"
#include "multikernel/native/record.h"
#include "tests/unit/catch.h"
#include "tests/unit/multikernel/module/fake_module.h"
#include "tests/unit/multikernel/native/fake_multikernel.h"
#include "tests/unit/temporary_folder.h"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace kx;
using namespace kx::ctl;
using namespace kx::test;

namespace {

// The program, with its files in a folder and its output kept.
class ProgramRun {
public:
    ProgramRun(MemoryFiles& files, Kernel& kernel) : files_(files), kernel_(kernel) {}

    int run(const std::string& command, const std::string& toml, std::vector<std::string> more = {}) {
        std::vector<std::string> words{"multikernelctl", command, folder_.write("wish.toml", toml)};
        words.insert(words.end(), more.begin(), more.end());
        std::FILE* sink = std::tmpfile();
        const int code = ctl::run(words, {files_, kernel_, sink, sink, folder_.path.string()});
        std::rewind(sink);
        char block[8192];
        printed = std::string(block, std::fread(block, 1, sizeof block, sink));
        std::fclose(sink);
        return code;
    }

    // Steps as apply takes them, with `load` in the place of the kexec program.
    Result<> apply(const std::string& toml, std::function<int(const std::string& name)> load) {
        const Arguments none = operands_only({});
        Notices notices;
        Session session{.arguments = none,
                        .files = files_,
                        .kernel = kernel_,
                        .notices = notices,
                        .out = stdout,
                        .run_root = folder_.path.string(),
                        .program = "multikernelctl"};
        Change change = KX_TRY(Change::begin(session, "apply"));
        const auto desired = KX_TRY(parse_desired_toml(toml, "wish"));
        const auto machine = KX_TRY(read_machine_resources(files_, change.dialect()));
        KX_TRY(refuse_errors(validate(desired, machine)));
        const auto steps = KX_TRY(plan_desired(desired, machine, KX_TRY(read_instances(files_, change.dialect()))));
        ApplyOptions options;
        options.run_kexec = [&](std::span<const std::string> words) -> Result<int> {
            kexec_words.assign(words.begin(), words.end());
            return load(words[1].substr(words[1].find('=') + 1));
        };
        return apply_steps(change, steps, options);
    }

    std::string run_root() const { return folder_.path.string(); }
    std::string printed;
    std::vector<std::string> kexec_words;

private:
    MemoryFiles& files_;
    Kernel& kernel_;
    TemporaryFolder folder_;
};

struct NativeMachine {
    MemoryFiles files = machine_with_multikernel();
    FakeMultikernel kernel{files};
    ProgramRun program{files, kernel};

    int load(const std::string& name) {
        kernel.load(kernel.find(name)->id);
        return 0;
    }
    Result<> apply(const std::string& toml) {
        return program.apply(toml, [this](const std::string& name) { return load(name); });
    }
};

constexpr const char* two_instances = R"(
[pool]
cpus = "apic:0x10-0x11"
memory = "384M"
[instance.web]
cpus = "apic:0x11"
memory = "160M"
[instance.db]
id = 7
cpus = "apic:0x10"
memory = "128M"
)";

const std::string running_web = R"(
[pool]
cpus = "apic:0x10-0x11"
memory = "256M"
[instance.web]
cpus = "apic:0x11,apic:0x10"
memory = "160M"
kernel = "/boot/vmlinuz"
initrd = "/boot/initrd"
cmdline = "console=mktty0 quiet"
)";

} // namespace

TEST_CASE("apply: from nothing to what the file says, once; a revert takes it back") {
    NativeMachine machine;
    const std::string before = machine.kernel.state();
    CHECK(machine.program.run("plan", two_instances) == 2);
    CHECK(machine.kernel.order.empty());
    CHECK(machine.program.run("apply", two_instances, {"--dry-run"}) == 0);
    CHECK(machine.program.printed.find("+ create instance web: id 1, CPU 3 (apic 0x11), 160M of memory") !=
          std::string::npos);
    CHECK(machine.kernel.order.empty());

    CHECK(machine.program.run("apply", two_instances) == 0);
    REQUIRE(machine.kernel.find("web"));
    CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x11});
    REQUIRE(machine.kernel.find("db"));
    CHECK(machine.kernel.find("db")->id == 7);

    const std::string after = machine.kernel.state();
    const auto calls = machine.kernel.order.size();
    CHECK(machine.program.run("plan", two_instances) == 0);
    CHECK(machine.program.run("apply", two_instances) == 0);
    CHECK(machine.program.printed.find("nothing to do") != std::string::npos);
    CHECK(machine.kernel.order.size() == calls);
    CHECK(machine.kernel.state() == after);

    CHECK(machine.program.run("revert", two_instances) == 0);
    CHECK(machine.kernel.instances.empty());
    CHECK_FALSE(machine.kernel.chunks.empty());
    CHECK(machine.program.run("revert", two_instances, {"--pool"}) == 0);
    CHECK(machine.kernel.state() == before);
    CHECK(machine.kernel.harm.empty());
}

TEST_CASE("apply: a place of memory is none of a multikernel kernel's business, and nothing fails half-way") {
    NativeMachine machine;
    const std::string placed = "[pool]\ncpus = \"apic:0x10-0x11\"\nmemory = \"384M\"\n"
                               "[instance.web]\ncpus = \"apic:0x11\"\nmemory = \"160M@0x70000000\"\n";
    CHECK(machine.program.run("apply", placed) == 0);
    CHECK(machine.program.printed.find("the address 0x70000000 of its memory has no effect") != std::string::npos);
    CHECK(machine.kernel.find("web"));
}

TEST_CASE("the kexec program's output leaves standard output to a document") {
    const auto kept_path = std::string(std::getenv("PATH"));
    TemporaryFolder folder;
    const std::string program = folder.write("kexec", "#!/bin/sh\necho loaded\nexit 3\n");
    REQUIRE(chmod(program.c_str(), 0700) == 0);
    setenv("PATH", (folder.path.string() + ":" + kept_path).c_str(), 1);
    const auto printed = [](KexecOutput output) {
        std::fflush(stdout);
        std::FILE* sink = std::tmpfile();
        const int kept_out = dup(STDOUT_FILENO), kept_error = dup(STDERR_FILENO);
        dup2(fileno(sink), STDOUT_FILENO);
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        const auto code = run_kexec({}, output);
        dup2(kept_out, STDOUT_FILENO);
        dup2(kept_error, STDERR_FILENO);
        close(kept_out);
        close(kept_error);
        CHECK(code == 3);
        const long size = lseek(fileno(sink), 0, SEEK_END);
        std::fclose(sink);
        return size;
    };
    CHECK(printed(KexecOutput::standard_output) == 7);
    CHECK(printed(KexecOutput::standard_error) == 0);
    setenv("PATH", kept_path.c_str(), 1);
}

TEST_CASE("apply: loads with the kexec program, then starts") {
    NativeMachine machine;
    REQUIRE(machine.apply(running_web));
    CHECK(machine.kernel.find("web")->status == "active");
    CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x11, 0x10});
    CHECK(machine.program.kexec_words == std::vector<std::string>{"-l", "--multikernel=web",
                                                                  "--command-line=console=mktty0 quiet",
                                                                  "--initrd=/boot/initrd", "--", "/boot/vmlinuz"});
    CHECK(machine.program.run("revert", running_web, {"--pool", "--json"}) == 0);
    CHECK(machine.program.printed.find("\"done\": true") != std::string::npos);
    CHECK(machine.kernel.instances.empty());
    CHECK(machine.kernel.harm.empty());
}

TEST_CASE("apply: what fails leaves all as it was") {
    NativeMachine machine;
    const std::string before = machine.kernel.state();
    Result<> result;
    std::string said;
    SECTION("a start") {
        machine.kernel.refuse["start"] = ETIMEDOUT;
        result = machine.apply(running_web);
        said = "start instance web";
    }
    SECTION("a load") {
        result = machine.program.apply(running_web, [](const std::string&) { return 255; });
        said = "kexec refused it (exit code 255)";
    }
    SECTION("the second instance") {
        machine.kernel.after_overlay = [](FakeMultikernel& kernel) {
            if (!kernel.instances.empty())
                kernel.fail["instance-create"] = ENOMEM;
        };
        result = machine.apply(two_instances);
        said = "create instance db";
    }
    REQUIRE_FALSE(result);
    CHECK(result.error().message.find(said) != std::string::npos);
    CHECK(result.error().message.find("everything is as it was") != std::string::npos);
    CHECK(machine.kernel.state() == before);
    CHECK(machine.kernel.harm.empty());
}

TEST_CASE("apply: an instance whose load failed with ENOMEM is not deleted by the undo") {
    NativeMachine machine;
    const auto result = machine.program.apply(running_web, [&](const std::string& name) {
        auto* web = machine.kernel.find(name);
        web->broken = web->out_of_memory = true; // as kexec leaves it, and what kexec writes down
        CHECK(write_native_record(machine.program.run_root(),
                                  {.id = web->id, .name = name, .creation = 2, .load = "ENOMEM"}));
        return 255;
    });
    REQUIRE_FALSE(result);
    INFO(result.error().message);
    CHECK(result.error().message.find("until the next boot") != std::string::npos);
    CHECK(result.error().message.find("this was done before it and stands") != std::string::npos);
    CHECK(machine.kernel.find("web"));
    CHECK(machine.kernel.harm.empty());
}

TEST_CASE("apply: what cannot be undone stands, and is told") {
    NativeMachine machine;
    machine.kernel.make_pool({0x10, 0x11}, 384 << 20);
    machine.kernel.add_instance("old", 1, {0x11}, 160 << 20);
    machine.kernel.load(1, "active");
    machine.kernel.refuse["start"] = ETIMEDOUT;
    const auto result = machine.apply(running_web + "[instance.old]\nstate = 'absent'\n");
    REQUIRE_FALSE(result);
    const std::string& text = result.error().message;
    CHECK(text.find("this was done before it and stands:\n  ~ halt instance old\n  ~ unload instance old\n  - delete "
                    "instance old") != std::string::npos);
    CHECK(text.find("create instance web") == std::string::npos);
    CHECK(machine.kernel.instances.empty());
    CHECK(machine.kernel.harm.empty());
}

TEST_CASE("apply: CPUs and memory move from one instance to another, and back when it fails") {
    NativeMachine machine;
    machine.kernel.make_pool({0x1, 0x10, 0x11}, 384 << 20);
    machine.kernel.add_instance("db", 7, {0x10, 0x11}, 192 << 20);
    machine.kernel.add_instance("web", 1, {0x1}, 64 << 20);
    const std::string wish = "[instance.web]\ncpus = 'apic:1,apic:0x11'\nmemory = '96M'\n"
                             "[instance.db]\ncpus = 'apic:0x10'\n";
    const std::string before = machine.kernel.state();
    SECTION("it is done") {
        REQUIRE(machine.apply(wish));
        CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x1, 0x11});
        CHECK(machine.kernel.find("db")->cpus == std::vector<std::uint64_t>{0x10});
        CHECK(total_size(machine.kernel.find("web")->memory) == 96 << 20);
        CHECK(machine.program.run("plan", wish) == 0);
    }
    SECTION("it fails") {
        machine.kernel.fail["memory-add"] = ENOMEM;
        const auto result = machine.apply(wish);
        REQUIRE_FALSE(result);
        INFO(result.error().message);
        CHECK(result.error().message.find("give to instance web") != std::string::npos);
        CHECK(result.error().message.find("everything is as it was") != std::string::npos);
        CHECK(machine.kernel.state() == before);
    }
    SECTION("less memory is another instance") {
        REQUIRE(machine.apply("[instance.db]\ncpus = 'apic:0x10'\nmemory = '128M'\n"));
        CHECK(total_size(machine.kernel.find("db")->memory) == 128 << 20);
        CHECK(machine.kernel.find("db")->id == 7);
    }
    CHECK(machine.kernel.harm.empty());
}

TEST_CASE("apply: a file with a mistake changes nothing") {
    NativeMachine machine;
    std::string wish = two_instances;
    wish.replace(wish.find("apic:0x11\"\n"), 9, "apic:0x10");
    CHECK(machine.program.run("apply", wish) == 1);
    CHECK(machine.program.printed.find("instance db: CPU 2 (apic 0x10) is instance web's") != std::string::npos);
    CHECK(machine.program.run("check", wish) == 1);
    CHECK(machine.program.run("check", two_instances) == 0);
    CHECK(machine.program.run("apply", running_web) == 255); // /boot/vmlinuz is not there
    CHECK(machine.program.printed.find("/boot/vmlinuz") != std::string::npos);
    CHECK(machine.kernel.order.empty());
}

TEST_CASE("apply: instances that the file does not name stay, but for --prune") {
    NativeMachine machine;
    machine.kernel.make_pool({0x1, 0x10, 0x11}, 512 << 20);
    machine.kernel.add_instance("other", 9, {0x1}, 64 << 20);
    CHECK(machine.program.run("apply", two_instances) == 0);
    CHECK(machine.kernel.find("other"));
    CHECK(machine.program.run("plan", two_instances) == 0);
    CHECK(machine.program.run("plan", two_instances, {"--prune"}) == 2);
    CHECK(machine.program.run("apply", two_instances, {"--prune"}) == 0);
    CHECK_FALSE(machine.kernel.find("other"));
}

TEST_CASE("apply: CPUs by the numbers of the running kernel, which change hands with them") {
    NativeMachine machine;
    CHECK(machine.program.run("apply", "[pool]\ncpus = '3,2'\nmemory = '256M'\n"
                                       "[instance.web]\ncpus = '2'\nmemory = '128M'\n") == 0);
    CHECK(machine.kernel.find("web")->cpus == std::vector<std::uint64_t>{0x10});
}

TEST_CASE("apply: on a stock kernel instances are defined, and the load uses that") {
    MemoryFiles files = machine_with_module();
    FakeModule kernel(files);
    ProgramRun program(files, kernel);
    const std::string wish = "[instance.web]\ncpus = '3'\nmemory = '128M'\n";
    CHECK(program.run("plan", wish) == 2);
    CHECK(program.printed == "+ create instance web: id 1, CPU 3 (apic 0x6), 128M of memory\n");
    CHECK(program.run("apply", wish) == 0);
    CHECK(kernel.images.empty());
    const std::string device = "[instance.web]\ncpus = '3'\nmemory = '128M'\ndevices = ['0000:01:00.0']\n";
    CHECK(program.run("check", device) == 1);
    CHECK(program.printed.find("instances beside a stock kernel have no devices") != std::string::npos);
}
