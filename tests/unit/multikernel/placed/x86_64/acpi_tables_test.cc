// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/layout/acpi.h"
#include "kexec/core/byte_view.h"
#include "multikernel/placed/x86_64/acpi_tables.h"
#include "multikernel/placed/x86_64/aml.h"
#include "tests/unit/catch.h"

#include <algorithm>
#include <numeric>

using namespace kx;
using namespace kx::layout;

namespace {

unsigned sum(ByteView bytes) {
    unsigned total = 0;
    for (std::byte byte : bytes.bytes())
        total += std::to_integer<unsigned>(byte);
    return total & 0xff;
}

std::string text(std::span<const std::uint8_t> characters) {
    return {characters.begin(), characters.end()};
}

// Reads the tables as a kernel does, from the RSDP on.
class Tables {
public:
    Tables(const AcpiMachine& machine, std::uint64_t base) : bytes_(acpi_tables(machine, base)), base_(base) {}

    ByteView all() const { return ByteView(bytes_); }
    template <typename T> T at(std::uint64_t address) const { return all().read<T>(address - base_).value(); }
    AcpiRsdp rsdp() const { return at<AcpiRsdp>(base_); }

    // The table at a physical address, which must be aligned and whole.
    ByteView table(std::uint64_t address) const {
        REQUIRE(address % 64 == 0);
        const auto table = all().slice(address - base_, at<AcpiHeader>(address).length);
        REQUIRE(table);
        CHECK(sum(*table) == 0);
        return *table;
    }
    ByteView named(std::string_view signature) const {
        const ByteView xsdt = table(rsdp().xsdt_address);
        for (std::uint64_t offset = sizeof(AcpiHeader); offset < xsdt.size(); offset += 8) {
            const ByteView found = table(xsdt.read<le64>(offset).value());
            if (found.has(0, signature))
                return found;
        }
        FAIL("no " << signature);
        return {};
    }

private:
    std::vector<std::byte> bytes_;
    std::uint64_t base_;
};

std::vector<unsigned> values(const aml::Term& term) {
    std::vector<unsigned> numbers;
    std::ranges::transform(term, std::back_inserter(numbers), [](std::byte b) { return std::to_integer<unsigned>(b); });
    return numbers;
}

using Values = std::vector<unsigned>;

} // namespace

TEST_CASE("the RSDP lies first, with both its checksums, and leads to the XSDT") {
    const Tables tables({.apic_ids = {1}, .first_apic_id = {}, .serial_port = 0x2f8}, 0x20000000);
    const AcpiRsdp rsdp = tables.rsdp();
    CHECK(text(rsdp.signature) == "RSD PTR ");
    CHECK(rsdp.revision == 2);
    CHECK(rsdp.rsdt_address == 0u);
    CHECK(rsdp.length == 36u);
    CHECK(sum(tables.all().slice(0, 20).value()) == 0);
    CHECK(sum(tables.all().slice(0, 36).value()) == 0);
    CHECK(tables.table(rsdp.xsdt_address).size() == 36 + 2 * 8);
    CHECK(tables.table(rsdp.xsdt_address).has(0, "XSDT"));
}

TEST_CASE("the FADT tells of a machine without legacy devices, fixed registers or a reset register") {
    const auto base = GENERATE(std::uint64_t{0x20000000}, std::uint64_t{0x140000000});
    const Tables tables({.apic_ids = {1}, .first_apic_id = {}, .serial_port = 0x2f8}, base);
    const auto fadt = tables.named("FACP").read<AcpiFadt>(0).value();
    CHECK(fadt.header.length == 276u);
    CHECK(fadt.header.revision == 6);
    CHECK(fadt.flags == ((1u << 20) | (1u << 19) | (1u << 5) | (1u << 4) | 1u));
    CHECK(fadt.iapc_boot_arch == ((1u << 2) | (1u << 3) | (1u << 5)));
    CHECK(fadt.reset_register.address == 0u);
    CHECK(std::ranges::count(fadt.power_management_46, 0) == 63);
    CHECK(fadt.dsdt == 0u);
    CHECK(tables.table(fadt.x_dsdt).has(0, "DSDT"));
}

TEST_CASE("the MADT has the instance's CPUs in order, and an I/O APIC that is none") {
    const Tables tables({.apic_ids = {0x11, 254, 255, 3, 0x12345}, .first_apic_id = {}, .serial_port = {}}, 0x20000000);
    const ByteView madt = tables.named("APIC");
    REQUIRE(madt.size() == 44 + 3 * 8 + 2 * 16 + 12);
    CHECK(madt.read<AcpiMadt>(0)->local_apic_address == 0xfee00000u);
    CHECK(madt.read<AcpiMadt>(0)->flags == 0u);

    std::vector<std::uint32_t> ids;
    std::vector<std::uint32_t> uids;
    for (std::uint64_t offset = 44; offset < madt.size(); offset += madt.read<AcpiLocalApic>(offset)->length) {
        const auto entry = madt.read<AcpiLocalApic>(offset).value();
        if (entry.type == acpi_local_apic) {
            CHECK(entry.length == 8);
            CHECK(entry.flags == 1u);
            ids.push_back(entry.apic_id);
            uids.push_back(entry.processor_uid);
        } else if (entry.type == acpi_io_apic) {
            CHECK(offset + 12 == madt.size());
            CHECK(madt.read<AcpiIoApic>(offset)->address == 0u);
        } else {
            const auto wide = madt.read<AcpiLocalX2apic>(offset).value();
            REQUIRE(wide.type == acpi_local_x2apic);
            CHECK(wide.length == 16);
            CHECK(wide.flags == 1u);
            CHECK(wide.x2apic_id > 254u);
            ids.push_back(wide.x2apic_id);
            uids.push_back(wide.processor_uid);
        }
    }
    CHECK(ids == std::vector<std::uint32_t>{0x11, 254, 255, 3, 0x12345});
    std::ranges::sort(uids);
    CHECK(std::ranges::adjacent_find(uids) == uids.end());
}

TEST_CASE("a CPU that is not the instance's can lead the MADT, absent") {
    const Tables tables({.apic_ids = {2, 3}, .first_apic_id = 0, .serial_port = {}}, 0x20000000);
    const ByteView madt = tables.named("APIC");
    REQUIRE(madt.size() == 44 + 3 * 8 + 12);
    CHECK(madt.read<AcpiLocalApic>(44)->apic_id == 0);
    CHECK(madt.read<AcpiLocalApic>(44)->flags == 2u);
    CHECK(madt.read<AcpiLocalApic>(52)->apic_id == 2);
    CHECK(madt.read<AcpiLocalApic>(52)->flags == 1u);
    CHECK(madt.read<AcpiLocalApic>(60)->apic_id == 3);
    CHECK(madt.read<AcpiLocalApic>(60)->flags == 1u);
}

TEST_CASE("more CPUs than a page of entries") {
    std::vector<std::uint32_t> ids(8192);
    std::iota(ids.begin(), ids.end(), 0u);
    const Tables tables({.apic_ids = ids, .first_apic_id = {}, .serial_port = {}}, 0x20000000);
    CHECK(tables.named("APIC").size() == 44 + 255 * 8 + (8192 - 255) * 16 + 12);
}

TEST_CASE("the DSDT has the serial port's eight registers, or no device") {
    const Tables with({.apic_ids = {1}, .first_apic_id = {}, .serial_port = 0xfff8}, 0x20000000);
    const ByteView dsdt = with.table(with.named("FACP").read<AcpiFadt>(0)->x_dsdt);
    CHECK(std::string_view(reinterpret_cast<const char*>(dsdt.bytes().data()), dsdt.size())
              .find(std::string_view("\x47\x01\xf8\xff\xf8\xff\x01\x08\x79\x00", 10)) != std::string_view::npos);
    const Tables without({.apic_ids = {1}, .first_apic_id = {}, .serial_port = {}}, 0x20000000);
    // Scope, its length, "_SB_".
    CHECK(without.table(without.named("FACP").read<AcpiFadt>(0)->x_dsdt).size() == sizeof(AcpiHeader) + 6);
}

TEST_CASE("AML terms") {
    CHECK(values(aml::integer(0)) == Values{0});
    CHECK(values(aml::integer(1)) == Values{1});
    CHECK(values(aml::integer(2)) == Values{0x0a, 2});
    CHECK(values(aml::integer(0x100)) == Values{0x0b, 0, 1});
    CHECK(values(aml::integer(0x10000)) == Values{0x0c, 0, 0, 1, 0});
    CHECK(values(aml::integer(0x100000000)) == Values{0x0e, 0, 0, 0, 0, 1, 0, 0, 0});
    CHECK(values(aml::eisa_id("PNP0501")) == Values{0x0c, 0x41, 0xd0, 0x05, 0x01});
    CHECK(values(aml::name("ABCD", aml::integer(1))) == Values{0x08, 'A', 'B', 'C', 'D', 1});
}

TEST_CASE("AML package lengths count themselves, in as few bytes as they need") {
    const auto [content, length] = GENERATE(table<std::size_t, Values>({
        {0x3f - 5, {0x3f}},
        {0x40 - 5, {0x41, 0x04}},
        {0xfff - 6, {0x4f, 0xff}},
        {0x1000 - 6, {0x81, 0x00, 0x01}},
        {0x100000 - 7, {0xc1, 0x00, 0x00, 0x01}},
    }));
    const auto scope = values(aml::scope("_SB_", aml::Term(content)));
    REQUIRE(scope.size() == 1 + length.size() + 4 + content);
    CHECK(Values(scope.begin() + 1, scope.begin() + 1 + static_cast<std::ptrdiff_t>(length.size())) == length);
}
