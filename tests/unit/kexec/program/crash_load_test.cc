// SPDX-License-Identifier: GPL-2.0-or-later
// Crash kernels against a fake kernel and a machine of files: what a test of the whole program cannot reach, or not
// easily.
#include "include/purgatory_block.h"
#include "include/uapi/kexec.h"
#include "kexec/arch/architecture.h"
#include "kexec/image/elf.h"
#include "kexec/load/report.h"
#include "kexec/program/check_crash.h"
#include "kexec/program/load.h"
#include "kexec/program/verbs.h"
#include "kexec/purgatory/fill.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/kexec/machine/memory_files.h"
#include "tests/unit/kexec/system/fake_kernel.h"
#include "tests/unit/temporary_folder.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

using namespace kx;
namespace fs = std::filesystem;

namespace {

constexpr PhysRange reservation{0x20000000, 0x30000000};

test::MemoryFiles crash_machine() {
    test::MemoryFiles files;
    files.with("proc/sys/kernel/arch", "x86_64\n")
        .with("proc/sys/kernel/osrelease", "6.1.0\n")
        .with("proc/cmdline", "ro crashkernel=256M quiet\n")
        .with("proc/cpuinfo", "flags\t\t: fpu lm\n")
        .with("proc/iomem", "00001000-0009fbff : System RAM\n00100000-7fffffff : System RAM\n"
                            "  01000000-02ffffff : Kernel code\n  20000000-2fffffff : Crash kernel\n")
        .with("sys/kernel/boot_params/data", std::string(4096, '\0'))
        .with("sys/kernel/kexec_crash_size", "268435456\n")
        .with("sys/kernel/vmcoreinfo", "0x0000000011000000 1024\n")
        .with("sys/devices/system/cpu/cpu0/crash_notes", "10000000\n")
        .with("sys/devices/system/cpu/cpu0/crash_notes_size", "368\n");
    return files;
}

struct Fixture {
    test::TemporaryFolder temporary;
    Options options;
    Notices notices;
    test::MemoryFiles files = crash_machine();
    test::FakeKernel kernel;

    Fixture() {
        options.load = true;
        options.crash = true;
        options.load_by = LoadBy::segments;
        options.kernel = fs::path(temporary.path) / "vmlinuz";
        const auto image = test::BzimageBuilder{}.build();
        std::ofstream(options.kernel, std::ios::binary)
            .write(reinterpret_cast<const char*>(image.data()), static_cast<std::streamsize>(image.size()));
    }

    Result<int> run() {
        Session session{options, files, kernel, notices};
        return load(session);
    }
    const test::FakeKernel::LoadedSegment& at(std::uint64_t address) const {
        const auto& segments = kernel.loads.back().segments;
        const auto found =
            std::ranges::find_if(segments, [&](const auto& segment) { return segment.memory.contains(address); });
        REQUIRE(found != segments.end());
        return *found;
    }
    struct purgatory_block purgatory_filled() const {
        const Elf elf = parse_elf(architecture_named("x86_64").value()->purgatory->image).value();
        const std::uint64_t offset = find_symbol(elf, "purgatory_block").value().value().value;
        const auto& purgatory = at(kernel.loads.back().entry);
        struct purgatory_block block {};
        REQUIRE(purgatory.bytes.size() >= offset + sizeof(block));
        std::memcpy(&block, purgatory.bytes.data() + offset, sizeof(block));
        CHECK(block.magic == PURGATORY_MAGIC);
        return block;
    }
};

} // namespace

TEST_CASE("purgatory copies the low memory away, into a segment that no digest covers") {
    Fixture fixture;
    REQUIRE(fixture.run() == exit_ok);
    const auto block = fixture.purgatory_filled();
    CHECK((block.flags & PURGATORY_BACKUP) != 0);
    CHECK(block.backup_source == 0x1000);
    CHECK(block.backup_source + block.backup_size == 0xa0000);
    const auto& backup = fixture.at(block.backup_destination);
    CHECK(backup.memory.begin == block.backup_destination);
    CHECK(backup.memory.size() >= block.backup_size);
    CHECK(backup.bytes.empty());
    for (std::uint32_t i = 0; i < block.region_count; ++i) {
        CHECK(reservation.contains(PhysRange::at(block.region[i].address, block.region[i].size).value()));
        CHECK_FALSE(backup.memory.contains(block.region[i].address));
    }
}

TEST_CASE("the guarded regions are those whose bytes went over, with their digests' sizes") {
    Fixture fixture;
    REQUIRE(fixture.run() == exit_ok);
    const auto block = fixture.purgatory_filled();
    std::vector<std::string> names;
    for (std::uint32_t i = 0; i < block.region_count; ++i) {
        names.emplace_back(block.region[i].name);
        CHECK(fixture.at(block.region[i].address).bytes.size() == block.region[i].size);
    }
    std::ranges::sort(names);
    CHECK(names == std::vector<std::string>{"boot_params", "elfcorehdr", "kernel"});

    fixture.options.hotplug = true;
    fixture.files.with("sys/kernel/crash_elfcorehdr_size", "8192\n")
        .with("sys/devices/system/cpu/crash_hotplug", "0\n");
    REQUIRE(fixture.run() == exit_ok);
    CHECK((fixture.kernel.loads.back().flags & uapi::kexec_update_elfcorehdr) != 0);
    const auto without_header = fixture.purgatory_filled();
    CHECK(without_header.region_count == block.region_count - 1);
}

TEST_CASE("an image that changes under a crash load is dropped again, and it is the crash image that goes") {
    class Changing final : public test::FakeKernel {
    public:
        explicit Changing(fs::path file) : file_(std::move(file)) {}
        SysResult<> load(std::uint64_t entry, std::span<const KernelSegment> segments, std::uint64_t flags) override {
            if (!segments.empty())
                fs::resize_file(file_, fs::file_size(file_) + 1);
            return FakeKernel::load(entry, segments, flags);
        }

    private:
        fs::path file_;
    };
    Fixture fixture;
    Changing changing(fixture.options.kernel);
    Session session{fixture.options, fixture.files, changing, fixture.notices};
    CHECK_FALSE(load(session));
    REQUIRE(changing.loads.size() == 2);
    CHECK(changing.loads.back().segments.empty());
    CHECK(changing.loads.back().flags == (std::uint64_t{62} << 16 | uapi::kexec_on_crash));
}

TEST_CASE("exit codes of a crash load that finds no memory") {
    Fixture fixture;
    SECTION("nothing is reserved") {
        fixture.files.with("sys/kernel/kexec_crash_size", "0\n");
        CHECK(fixture.run() == exit_usage);
    }
    SECTION("the kernel says so and the map does not") {
        fixture.files.with("proc/iomem", "00100000-7fffffff : System RAM\n");
        CHECK(fixture.run() == exit_usage);
    }
    SECTION("the map hides its addresses") {
        fixture.files.with("proc/iomem", "00000000-00000000 : System RAM\n");
        CHECK(fixture.run() == exit_no_crash_memory);
    }
    SECTION("it is too small") {
        fixture.files.with("proc/iomem", "00001000-0009fbff : System RAM\n00100000-7fffffff : System RAM\n"
                                         "  20000000-200fffff : Crash kernel\n");
        CHECK(fixture.run() == exit_failure);
    }
    CHECK(fixture.kernel.order.empty());
}

TEST_CASE("--entry of a crash kernel must lie in one of its segments") {
    Fixture fixture;
    fixture.options.entry = 0x1000200; // of the running kernel
    const auto refused = fixture.run();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::usage);
    fixture.options.entry = reservation.begin + 0x200;
    REQUIRE(fixture.run() == exit_ok);
    CHECK(fixture.kernel.loads.back().entry == reservation.begin + 0x200);
    CHECK(std::ranges::any_of(fixture.notices.texts(), [](const std::string& text) {
        return text.find("low memory that the crash kernel runs over is not copied") != text.npos;
    }));
}

TEST_CASE("--check names each obstacle to a crash kernel") {
    test::MemoryFiles files = crash_machine();
    CHECK(crash_kernel_capability(files).state == CapabilityState::limited); // no /proc/kcore here
    SECTION("Xen") {
        files.with("proc/xen/capabilities", "control_d\n");
        CHECK(crash_kernel_capability(files).state == CapabilityState::no);
        CHECK(crash_kernel_capability(files).finding.find("Xen") != std::string::npos);
    }
    SECTION("no reservation") {
        files.with("proc/iomem", "00100000-7fffffff : System RAM\n");
        CHECK(crash_kernel_capability(files).state == CapabilityState::no);
        CHECK(crash_kernel_capability(files).advice.find("crashkernel=") != std::string::npos);
    }
    SECTION("hidden addresses") {
        files.with("proc/iomem", "00000000-00000000 : System RAM\n");
        CHECK(crash_kernel_capability(files).state == CapabilityState::unknown);
        CHECK(crash_kernel_capability(files).advice == "run as root");
    }
    SECTION("keys of encrypted disks") {
        files.with("sys/kernel/config/crash_dm_crypt_keys/count", "1\n");
        CHECK(crash_kernel_capability(files).finding.find("encrypted") != std::string::npos);
    }
}

TEST_CASE("a crash report counts what there is, in the singular too") {
    LoadReport report;
    report.crash = CrashReport{};
    report.crash->reservations = {{0x10000000, 0x14000000}, {0x140000000, 0x150000000}};
    report.crash->cma_reservations = {{0x50000000, 0x60000000}};
    report.crash->elfcorehdr = {0x14fffe000, 0x150000000};
    report.crash->cpus = 1;
    report.crash->memory_ranges = 1;
    report.crash->kernel_updates = true;
    const Placement none;
    report.segments = SegmentsReport{};
    report.segments->placement = &none;
    const std::string text = text_of(report);
    CHECK(text.find("reserved   64 MiB at 0x10000000, 256 MiB at 0x140000000; CMA: 256 MiB at 0x50000000\n") !=
          std::string::npos);
    CHECK(text.find("elfcorehdr 8 KiB at 0x14fffe000: 1 CPU, 1 memory range; the running kernel keeps it up to date") !=
          std::string::npos);
    CHECK(text.find("backup") == std::string::npos);
    CHECK(json_of(report).find("\"backup\": null") != std::string::npos);
}
