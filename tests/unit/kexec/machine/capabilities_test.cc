// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/uapi/kexec.h"
#include "kexec/machine/capabilities.h"
#include "kexec/program/verbs.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/machine/memory_files.h"
#include "tests/unit/kexec/system/fake_kernel.h"

#include <fcntl.h>
#include <unistd.h>

using namespace kx;
using namespace kx::test;
namespace names = kx::capability_names;
using enum kx::CapabilityState;

namespace {

// small_machine() with the files that tell of kexec, as root sees them on Debian 6.1.
MemoryFiles kexec_machine() {
    return small_machine()
        .with("sys/kernel/kexec_loaded", "0\n")
        .with("sys/kernel/kexec_crash_loaded", "1\n")
        .with("sys/kernel/kexec_crash_size", "134217728\n")
        .with("proc/sys/kernel/kexec_load_disabled", "0\n")
        .with("sys/kernel/security/lockdown", "[none] integrity confidentiality\n")
        .with("proc/self/status", "Name:\tkexec\nCapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\n")
        .with("proc/filesystems", "nodev\tproc\n\text4\n")
        .with("boot/config-6.1.0-50-cloud-amd64", "CONFIG_64BIT=y\nCONFIG_KEXEC=y\nCONFIG_KEXEC_FILE=y\n"
                                                  "CONFIG_KEXEC_SIG=y\n# CONFIG_KEXEC_SIG_FORCE is not set\n");
}

Capability capability(const SystemFiles& files, std::string_view name) {
    for (const Capability& found : read_capabilities(files))
        if (found.name == name)
            return found;
    FAIL("no capability " << name);
    return {};
}

CapabilityState state(const SystemFiles& files, std::string_view name) {
    return capability(files, name).state;
}

constexpr const char* config = "boot/config-6.1.0-50-cloud-amd64";

} // namespace

TEST_CASE("what an ordinary Debian kernel can do") {
    const auto files = kexec_machine();
    CHECK(state(files, names::kexec_load) == yes);
    CHECK(capability(files, names::kexec_load).learned_from == "test:/boot/config-6.1.0-50-cloud-amd64");
    CHECK(state(files, names::kexec_file_load) == yes);
    CHECK(state(files, names::may_load) == yes);
    CHECK(state(files, names::loading_enabled) == yes);
    CHECK(state(files, names::normal_load_limit) == no);
    CHECK(state(files, names::lockdown) == no);
    CHECK(state(files, names::signatures) == no);
    CHECK(state(files, names::secure_boot) == no);
    CHECK(state(files, names::normal_loaded) == no);
    CHECK(state(files, names::crash_loaded) == yes);
    CHECK(capability(files, names::crash_reservation).finding == "128 MiB are reserved for a crash kernel.");
    CHECK(state(files, names::crash_hotplug) == no);
    CHECK(state(files, names::handover) == no);
    CHECK(state(files, names::jump) == no);
    CHECK(state(files, names::multikernel) == no);
    CHECK(state(files, names::five_level_paging) == no);
    CHECK(state(files, names::efi) == no);
    CHECK(state(files, names::iomem) == yes);
}

TEST_CASE("every capability has a name of its own, a finding and a source, even on an empty tree") {
    for (const auto& files : {MemoryFiles(), kexec_machine()}) {
        std::set<std::string> seen;
        for (const Capability& found : read_capabilities(files)) {
            CHECK(seen.insert(found.name).second);
            CHECK_FALSE(found.finding.empty());
            CHECK_FALSE(found.learned_from.empty());
        }
        CHECK(seen.size() == 23);
    }
    CHECK(state(MemoryFiles(), names::kexec_load) == no);
    CHECK(state(MemoryFiles(), names::may_load) == unknown);
}

TEST_CASE("without a configuration the kernel's symbols tell which calls it has") {
    auto files = kexec_machine().without(config);
    CHECK(state(files, names::kexec_load) == unknown);
    files.with("proc/kallsyms", "0000000000000000 T __pfx___x64_sys_kexec_load\n"
                                "0000000000000000 W __x64_sys_kexec_load\n"
                                "0000000000000000 T __ia32_compat_sys_kexec_load\n"
                                "0000000000000000 t __do_sys_kexec_file_load\n"
                                "0000000000000000 T __x64_sys_kexec_file_load\n");
    CHECK(state(files, names::kexec_load) == no);
    CHECK(capability(files, names::kexec_load).learned_from == "test:/proc/kallsyms");
    CHECK(state(files, names::kexec_file_load) == yes);
    files.with("proc/kallsyms", "0000000000000000 T __arm64_sys_kexec_load\n");
    CHECK(state(files, names::kexec_load) == yes);
    CHECK(state(files, names::kexec_file_load) == unknown);
    files.with("proc/kallsyms", "");
    CHECK(state(files, names::kexec_load) == unknown);
}

TEST_CASE("a configuration says what is not built in, wherever the distribution keeps it") {
    auto files = kexec_machine().without(config).with("usr/lib/modules/6.1.0-50-cloud-amd64/config",
                                                      "CONFIG_KEXEC=y\n# CONFIG_KEXEC_FILE is not set\n"
                                                      "CONFIG_KEXEC_JUMP=y\n");
    CHECK(state(files, names::kexec_load) == yes);
    CHECK(state(files, names::kexec_file_load) == no);
    CHECK(capability(files, names::kexec_file_load).advice == "use -c");
    CHECK(state(files, names::jump) == yes);
    files.with("proc/sys/kernel/osrelease", "../../etc\n").with("boot/config-../../etc", "CONFIG_KEXEC_JUMP=y\n");
    CHECK(state(files, names::jump) == unknown);
}

TEST_CASE("the new place of the kexec files comes before the old one") {
    auto files = kexec_machine().with("sys/kernel/kexec/loaded", "1\n").with("sys/kernel/kexec/crash_size", "0\n");
    CHECK(state(files, names::normal_loaded) == yes);
    CHECK(capability(files, names::normal_loaded).learned_from == "test:/sys/kernel/kexec/loaded");
    CHECK(state(files, names::crash_reservation) == no);
    CHECK(capability(files, names::crash_reservation).advice.find("crashkernel=") != std::string::npos);
    CHECK(capability(files, names::crash_loaded).learned_from == "test:/sys/kernel/kexec_crash_loaded");
}

TEST_CASE("what stands in the way of a load, each with what to try") {
    auto files = kexec_machine();
    SECTION("not root") {
        files.with("proc/self/status", "CapEff:\t0000000000000000\n").with("proc/iomem", "0-0 : System RAM\n");
        CHECK(state(files, names::may_load) == no);
        CHECK(state(files, names::iomem) == no);
        CHECK(capability(files, names::may_load).advice == "run as root");
    }
    SECTION("one right is missing of all") {
        files.with("proc/self/status", "CapEff:\t000001ffffbfffff\n");
        CHECK(state(files, names::may_load) == no);
    }
    SECTION("disabled") {
        files.with("proc/sys/kernel/kexec_load_disabled", "1\n");
        CHECK(state(files, names::loading_enabled) == no);
    }
    SECTION("limits") {
        files.with("proc/sys/kernel/kexec_load_limit_reboot", "0\n")
            .with("proc/sys/kernel/kexec_load_limit_panic", "3\n");
        CHECK(state(files, names::normal_load_limit) == yes);
        CHECK(state(files, names::crash_load_limit) == limited);
        CHECK(capability(files, names::crash_load_limit).finding.find("3 more") != std::string::npos);
        CHECK(read_load_limit(files, false) == 0);
        CHECK(read_load_limit(files, true) == 3);
        files.with("proc/sys/kernel/kexec_load_limit_reboot", "-1\n");
        CHECK(state(files, names::normal_load_limit) == no);
        CHECK(read_load_limit(files, false) == -1);
        files.without("proc/sys/kernel/kexec_load_limit_reboot");
        CHECK(state(files, names::normal_load_limit) == no);
        CHECK(read_load_limit(files, false) == -1);
        for (const char* wrong : {"", "-2", "some", "2147483648"}) {
            files.with("proc/sys/kernel/kexec_load_limit_reboot", wrong);
            CHECK(state(files, names::normal_load_limit) == unknown);
            CHECK_FALSE(read_load_limit(files, false));
        }
    }
    SECTION("lockdown") {
        files.with("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
        CHECK(state(files, names::lockdown) == yes);
        CHECK(capability(files, names::lockdown).finding.find("(integrity)") != std::string::npos);
        CHECK(state(files, names::signatures) == yes);
        files.denied = {"sys/kernel/security/lockdown"};
        CHECK(state(files, names::lockdown) == unknown);
    }
    SECTION("forced signatures") {
        files.with(config, "CONFIG_KEXEC_SIG=y\nCONFIG_KEXEC_SIG_FORCE=y\n");
        CHECK(state(files, names::signatures) == yes);
    }
    SECTION("secure boot") {
        std::string boot_params(4096, '\0');
        for (const auto& [byte, expected] : {std::pair{1, unknown}, {2, no}, {3, yes}}) {
            boot_params[0x1ec] = static_cast<char>(byte);
            CHECK(state(files.with("sys/kernel/boot_params/data", boot_params), names::secure_boot) == expected);
        }
        CHECK(state(files.without("sys/kernel/boot_params"), names::secure_boot) == unknown);
    }
}

TEST_CASE("crash hotplug: both, one, none") {
    auto files = kexec_machine();
    files.with("sys/devices/system/cpu/crash_hotplug", "1\n").with("sys/kernel/crash_elfcorehdr_size", "8192\n");
    CHECK(state(files, names::crash_hotplug) == limited);
    files.with("sys/devices/system/memory/crash_hotplug", "1\n");
    CHECK(state(files, names::crash_hotplug) == yes);
    CHECK(capability(files, names::crash_hotplug).finding.find("0x2000") != std::string::npos);
    files.with("sys/devices/system/memory/crash_hotplug", "0\n").with("sys/devices/system/cpu/crash_hotplug", "0\n");
    CHECK(state(files, names::crash_hotplug) == no);
    CHECK(capability(files, names::crash_hotplug).advice ==
          "load it by -s or with --hotplug, or again after each change");
}

TEST_CASE("handover: on, hidden, off, not built in") {
    auto files = kexec_machine().with(config, "CONFIG_KEXEC=y\nCONFIG_KEXEC_HANDOVER=y\n");
    CHECK(state(files, names::handover) == no);
    CHECK(capability(files, names::handover).advice == "boot with kho=on");
    files.with("proc/cmdline", "quiet kho=on\n");
    CHECK(state(files, names::handover) == unknown);
    CHECK(capability(files, names::handover).advice.find("debugfs") != std::string::npos);
    files.denied = {"sys/kernel/debug/kho"};
    CHECK(capability(files, names::handover).advice == "run as root");
    files.denied.clear();
    files.with("sys/kernel/debug/kho/out/scratch_phys", "0x10000000\n")
        .with("sys/kernel/debug/kho/out/scratch_len", "0x8000000\n");
    CHECK(state(files, names::handover) == yes);
}

TEST_CASE("multikernel dialects are recognised by their files alone") {
    auto files = kexec_machine();
    files.with("proc/filesystems", "nodev\tmultikernel\n\text4\n");
    CHECK(state(files, names::multikernel) == limited);
    CHECK(capability(files, names::multikernel).advice == "mount -t multikernel none /sys/fs/multikernel");
    files.folders = {"sys/fs/multikernel/instances"};
    CHECK(state(files, names::multikernel) == yes);
    files.with("proc/filesystems", "nodev\tmultikernelish\n").folders.clear();
    CHECK(state(files, names::multikernel) == no);
    CHECK(capability(files, names::multikernel).advice.find("multikernel.ko") != std::string::npos);
    files.with("sys/fs/multikernel/abi", "module 1\n");
    CHECK(state(files, names::multikernel) == yes);
    CHECK(capability(files, names::multikernel).finding.find("module") != std::string::npos);
    CHECK(capability(files, names::multikernel).learned_from == "test:/sys/fs/multikernel/abi");
    for (const char* other : {"module 2\n", "module 1 \n", "module 10\n", "1\n", "\n"}) {
        files.with("sys/fs/multikernel/abi", other);
        CHECK(state(files, names::multikernel) == no);
        CHECK(capability(files, names::multikernel).advice.find("module") != std::string::npos);
    }
}

TEST_CASE("an arm64 machine has the facts that are its own") {
    auto files = kexec_machine().without("sys/kernel/boot_params").without("sys/firmware/memmap");
    files.with("proc/sys/kernel/arch", "aarch64\n").with("sys/firmware/efi/fw_platform_size", "64\n");
    CHECK(capability(files, names::five_level_paging).finding == "Only x86-64 has it.");
    CHECK(capability(files, names::efi).finding == "The firmware is 64-bit EFI.");
    CHECK(state(files, names::secure_boot) == unknown);
    CHECK(state(kexec_machine().with("proc/cpuinfo", "flags\t: lm la57\nflags\t: lm la57\n"),
                names::five_level_paging) == yes);
}

namespace {

// What --check asked of the kernel; what it printed goes nowhere.
FakeKernel probed_by_check(const SystemFiles& files, const Options& options = {}) {
    FakeKernel kernel;
    kernel.load_answers = {EINVAL};
    kernel.file_answers = {EBADF};
    Notices notices;
    Session session{options, files, kernel, notices};
    std::fflush(stdout);
    const int shown = dup(STDOUT_FILENO);
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    const auto code = check(session);
    std::fflush(stdout);
    dup2(shown, STDOUT_FILENO);
    close(shown);
    close(nowhere);
    CHECK(code == exit_ok);
    return kernel;
}

} // namespace

TEST_CASE("what --check asks the kernel can be a load nowhere") {
    const FakeKernel kernel = probed_by_check(kexec_machine());
    REQUIRE(kernel.loads.size() == 1);
    CHECK(kernel.loads[0].segments.size() > 16);
    const auto architecture = kernel.loads[0].flags >> 16;
    for (const std::uint64_t known : {0, 3, 15, 20, 21, 22, 40, 42, 50, 62, 183, 243, 258})
        CHECK(architecture != known);
    CHECK((kernel.loads[0].flags & 0xffff) == 0);
    REQUIRE(kernel.file_loads.size() == 1);
    CHECK(kernel.file_loads[0].kernel_fd == -1);
}

TEST_CASE("--check asks the kernel nothing that a load limit counts, that is forbidden or that is only planned") {
    const auto limit = "proc/sys/kernel/kexec_load_limit_reboot";
    CHECK(probed_by_check(kexec_machine().with(limit, "-1\n")).order.size() == 2);
    CHECK(probed_by_check(kexec_machine().with(limit, "7\n")).order.empty());
    CHECK(probed_by_check(kexec_machine().with(limit, "0\n")).order.empty());
    CHECK(probed_by_check(kexec_machine().with(limit, "a few\n")).order.empty());
    auto unreadable = kexec_machine();
    unreadable.denied = {limit};
    CHECK(probed_by_check(unreadable).order.empty());
    CHECK(probed_by_check(kexec_machine().with("proc/self/status", "CapEff:\t0\n")).order.empty());
    Options planned;
    planned.dry_run = true;
    CHECK(probed_by_check(kexec_machine(), planned).order.empty());
}
