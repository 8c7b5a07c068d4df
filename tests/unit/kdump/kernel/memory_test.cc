// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/kernel/memory.h"
#include "tests/unit/catch.h"
#include "tests/unit/kdump/dump/opened_dump.h"
#include "tests/unit/kdump/kernel/crashed_kernel.h"

using namespace kx;
using namespace kx::test;

namespace {

bool mentions(const std::string& text, std::string_view word) {
    return text.find(word) != std::string::npos;
}

constexpr std::uint64_t text_at = 0xffff'ffff'8200'0ff0; // crosses a page
constexpr std::uint64_t heap_at = 0xffff'8880'0012'3000;
constexpr std::uint64_t heap_5_at = 0xff11'0000'0012'3000;

CrashedKernel small_kernel(unsigned levels) {
    CrashedKernel kernel(levels);
    kernel.put(text_at, "Linux version 6.1.0, built for a test");
    kernel.put(levels == 5 ? heap_5_at : heap_at, "on the heap");
    return kernel;
}

std::string read(const KernelMemory& memory, std::uint64_t address, std::size_t length) {
    std::string out(length, '?');
    const auto result = memory.read(address, std::as_writable_bytes(std::span(out)));
    return result ? out : result.error().message;
}

} // namespace

TEST_CASE("kernel memory is read through page tables of four and five levels, from either format", "[dump]") {
    for (unsigned levels : {4u, 5u}) {
        const auto kernel = small_kernel(levels);
        for (const auto& bytes : {kernel.vmcore().build(), kernel.kdump().build()}) {
            const OpenedDump file(bytes);
            REQUIRE(file.dump);
            const auto memory = KernelMemory::of(*file.dump);
            REQUIRE(memory);
            CHECK(read(*memory, text_at, 37) == "Linux version 6.1.0, built for a test");
            CHECK(read(*memory, levels == 5 ? heap_5_at : heap_at, 11) == "on the heap");
            CHECK(memory->physical(text_at + 0x10) == *kernel.physical(text_at + 0x10));
            CHECK(mentions(read(*memory, text_at + 0x10000, 1), "is not mapped"));
            CHECK(mentions(read(*memory, text_at, 0x3000), "is not mapped"));
            CHECK(mentions(read(*memory, 0x1000, 1), "is not mapped"));
            CHECK(mentions(read(*memory, 0x0012'8880'0012'3000, 1), "is not mapped"));
        }
    }
}

TEST_CASE("pages of 2 MiB and 1 GiB are mapped as one piece", "[dump]") {
    CrashedKernel kernel;
    kernel.allocate(0x200000 / 4096);
    std::memcpy(kernel.memory().data() + 0x1234, "large", 5);
    kernel.map(0xffff'8880'0020'0000, CrashedKernel::phys_base, 2);
    kernel.map(0xffff'8881'0000'0000, 0, 3);
    const OpenedDump file(kernel.vmcore().build());
    REQUIRE(file.dump);
    const auto memory = KernelMemory::of(*file.dump);
    REQUIRE(memory);
    CHECK(read(*memory, 0xffff'8880'0020'1234, 5) == "large");
    const auto place = memory->place_of(0xffff'8880'0020'1234);
    REQUIRE(place);
    CHECK(place->physical == CrashedKernel::phys_base + 0x1234);
    CHECK(place->length == 0x200000 - 0x1234);
    CHECK(read(*memory, 0xffff'8881'0000'0000 + CrashedKernel::phys_base + 0x1234, 5) == "large");
    CHECK(memory->place_of(0xffff'8881'0000'0000)->length == 1u << 30);
}

TEST_CASE("the bit of encrypted memory is no part of an address", "[dump]") {
    CrashedKernel kernel = small_kernel(4);
    kernel.tell(fmt::format("NUMBER(sme_mask)={}", std::uint64_t{1} << 47));
    kernel.map(0xffff'8880'0040'0000, *kernel.physical(heap_at) | std::uint64_t{1} << 47);
    const OpenedDump file(kernel.vmcore().build());
    REQUIRE(file.dump);
    const auto memory = KernelMemory::of(*file.dump);
    REQUIRE(memory);
    CHECK(read(*memory, 0xffff'8880'0040'0000, 11) == "on the heap");
}

TEST_CASE("page tables go before what the dump's headers tell; those serve where a table is missing", "[dump]") {
    CrashedKernel kernel = small_kernel(4);
    const std::uint64_t told = heap_at - 0x1000;
    const auto build = [&] {
        VmcoreBuilder<> vmcore;
        vmcore.vmcoreinfo(kernel.vmcoreinfo()).memory(CrashedKernel::phys_base, kernel.memory(), told);
        return vmcore.build();
    };
    {
        const OpenedDump file(build());
        REQUIRE(file.dump);
        CHECK(read(*KernelMemory::of(*file.dump), heap_at, 11) == "on the heap");
    }
    // The root table's entries now lead outside of the dump.
    for (std::size_t at = 0; at < 4096; at += 8)
        kernel.memory()[at + 4] = '\x7f';
    const OpenedDump file(build());
    REQUIRE(file.dump);
    const auto memory = KernelMemory::of(*file.dump);
    REQUIRE(memory);
    CHECK(memory->physical(told + 5) == CrashedKernel::phys_base + 5);
    CHECK(memory->physical(CrashedKernel::image_map + 0x5000) == CrashedKernel::phys_base + 0x5000);
    CHECK(mentions(memory->physical(0xffff'ff80'0000'0000).error().message, "a page table"));
}

TEST_CASE("a kernel without what the walk needs is refused by name, or read by the dump's headers", "[dump]") {
    const auto refusal = [](const VmcoreBuilder<>& vmcore) {
        const OpenedDump file(vmcore.build());
        REQUIRE(file.dump);
        const auto memory = KernelMemory::of(*file.dump);
        REQUIRE_FALSE(memory);
        CHECK(memory.error().code == Errc::unsupported);
        return memory.error().message;
    };
    VmcoreBuilder<> nothing;
    nothing.memory(0x1000, "abcd");
    CHECK(mentions(refusal(nothing), "has no VMCOREINFO"));
    CHECK(mentions(refusal(nothing), "-device vmcoreinfo"));
    VmcoreBuilder<> no_tables;
    no_tables.vmcoreinfo("OSRELEASE=6.1.0\n").memory(0x1000, "abcd");
    CHECK(mentions(refusal(no_tables), "init_top_pgt"));
    VmcoreBuilder<> no_base;
    no_base.vmcoreinfo("SYMBOL(init_top_pgt)=ffffffff82000000\n").memory(0x1000, "abcd");
    CHECK(mentions(refusal(no_base), "phys_base"));
    VmcoreBuilder<> other;
    other.machine = layout::em_loongarch;
    other.vmcoreinfo("OSRELEASE=6.1.0\n").memory(0x1000, "abcd");
    CHECK(mentions(refusal(other), "loongarch64"));
    other.machine = layout::em_aarch64;
    CHECK(mentions(refusal(other), "swapper_pg_dir"));
    other.machine = layout::em_riscv;
    CHECK(mentions(refusal(other), "swapper_pg_dir"));

    other.memory(0x5000, "efgh", 0xff600000'00005000);
    const OpenedDump file(other.build());
    REQUIRE(file.dump);
    const auto memory = KernelMemory::of(*file.dump);
    REQUIRE(memory);
    CHECK(read(*memory, 0xff600000'00005001, 2) == "fg");
    CHECK(mentions(read(*memory, 0xff600000'00006000, 1), "cannot be found"));
}

TEST_CASE("without NUMBER(phys_base) the kernel's place is known from the text's PT_LOAD or the kdump header",
          "[dump]") {
    auto kernel = small_kernel(4);
    auto& info = kernel.vmcoreinfo();
    info.erase(info.find("NUMBER(phys_base)"),
               info.find('\n', info.find("NUMBER(phys_base)")) + 1 - info.find("NUMBER(phys_base)"));
    auto kdump = kernel.kdump();
    kdump.phys_base = CrashedKernel::phys_base;
    VmcoreBuilder<> vmcore;
    vmcore.vmcoreinfo(info).memory(CrashedKernel::phys_base, kernel.memory(), CrashedKernel::image_map);
    for (const auto& bytes : {kdump.build(), vmcore.build()}) {
        const OpenedDump file(bytes);
        REQUIRE(file.dump);
        const auto memory = KernelMemory::of(*file.dump);
        REQUIRE(memory);
        CHECK(read(*memory, heap_at, 11) == "on the heap");
    }
}
