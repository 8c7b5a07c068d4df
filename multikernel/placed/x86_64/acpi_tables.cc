// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/x86_64/acpi_tables.h"

#include "include/layout/acpi.h"
#include "include/wire.h"
#include "kexec/core/phys_range.h"
#include "multikernel/placed/x86_64/aml.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

namespace kx {
namespace {

constexpr std::uint64_t table_alignment = 64;
constexpr std::uint32_t local_apic_address = 0xfee00000;
constexpr std::uint32_t largest_local_apic_id = 254; // 255 is everyone
constexpr std::uint8_t serial_registers = 8;         // of a 16550

using Table = std::vector<std::byte>;

template <std::size_t Size> void set_text(std::uint8_t (&field)[Size], std::string_view text) {
    std::ranges::fill(field, std::uint8_t{' '});
    std::ranges::copy(text.substr(0, Size), field);
}

layout::AcpiHeader header(std::string_view signature, std::uint8_t revision) {
    layout::AcpiHeader header{};
    set_text(header.signature, signature);
    header.revision = revision;
    set_text(header.oem_id, "KEXEC");
    set_text(header.oem_table_id, "INSTANCE");
    header.oem_revision = 1u;
    set_text(header.creator_id, "KXMK");
    header.creator_revision = 1u;
    return header;
}

template <WireLayout T> void append(Table& table, const T& value) {
    const auto bytes = std::as_bytes(std::span(&value, 1));
    table.insert(table.end(), bytes.begin(), bytes.end());
}

// What the byte at `position`, 0 until now, must be for the sum to be 0.
void set_checksum(std::span<std::byte> bytes, std::size_t position) {
    unsigned sum = 0;
    for (std::byte byte : bytes)
        sum += std::to_integer<unsigned>(byte);
    bytes[position] = static_cast<std::byte>(0x100 - (sum & 0xff));
}

Table finished(Table table) {
    le32 length = static_cast<std::uint32_t>(table.size());
    std::memcpy(table.data() + offsetof(layout::AcpiHeader, length), &length, sizeof(length));
    set_checksum(table, offsetof(layout::AcpiHeader, checksum));
    return table;
}

Table xsdt(std::initializer_list<std::uint64_t> addresses) {
    Table table;
    append(table, header("XSDT", 1));
    for (std::uint64_t address : addresses)
        append(table, le64(address));
    return finished(std::move(table));
}

Table fadt(std::uint64_t dsdt) {
    layout::AcpiFadt fadt{};
    fadt.header = header("FACP", 6);
    fadt.minor_version = 5;
    fadt.iapc_boot_arch =
        static_cast<std::uint16_t>(layout::acpi_no_vga | layout::acpi_no_msi | layout::acpi_no_cmos_rtc);
    fadt.flags = layout::acpi_wbinvd | layout::acpi_no_power_button | layout::acpi_no_sleep_button |
                 layout::acpi_physical_destination | layout::acpi_hardware_reduced;
    fadt.x_dsdt = dsdt;
    Table table;
    append(table, fadt);
    return finished(std::move(table));
}

// The id is the UID as well: no other number is known to be a CPU's own and to fit both kinds of entry.
void append_cpu(Table& table, std::uint32_t id, std::uint32_t flags) {
    if (id <= largest_local_apic_id) {
        append(table, layout::AcpiLocalApic{.type = layout::acpi_local_apic,
                                            .length = sizeof(layout::AcpiLocalApic),
                                            .processor_uid = static_cast<std::uint8_t>(id),
                                            .apic_id = static_cast<std::uint8_t>(id),
                                            .flags = flags});
    } else {
        append(table, layout::AcpiLocalX2apic{.type = layout::acpi_local_x2apic,
                                              .length = sizeof(layout::AcpiLocalX2apic),
                                              .reserved = {},
                                              .x2apic_id = id,
                                              .flags = flags,
                                              .processor_uid = id});
    }
}

// An I/O APIC at address 0, which is none. A kernel that is told of no I/O APIC takes the two interrupt controllers of
// old for its own and sets how their lines trigger (ELCR); Linux leaves them alone where there is an entry, and passes
// over this one ("Bogus (zero) I/O APIC address found in table, skipping!").
void append_no_io_apic(Table& table) {
    append(table, layout::AcpiIoApic{.type = layout::acpi_io_apic,
                                     .length = sizeof(layout::AcpiIoApic),
                                     .id = 0,
                                     .reserved = 0,
                                     .address = 0u,
                                     .interrupt_base = 0u});
}

Table madt(const AcpiMachine& machine) {
    layout::AcpiMadt madt{};
    madt.header = header("APIC", 5);
    madt.local_apic_address = local_apic_address;
    Table table;
    append(table, madt);
    if (machine.first_apic_id)
        append_cpu(table, *machine.first_apic_id, layout::acpi_processor_online_capable);
    for (std::uint32_t id : machine.apic_ids)
        append_cpu(table, id, layout::acpi_processor_enabled);
    append_no_io_apic(table);
    return finished(std::move(table));
}

aml::Term serial_device(std::uint16_t port) {
    constexpr std::uint64_t present_and_working = 0xf;
    return aml::device("COM1",
                       aml::joined({aml::name("_HID", aml::eisa_id("PNP0501")), aml::name("_UID", aml::integer(0)),
                                    aml::name("_STA", aml::integer(present_and_working)),
                                    aml::name("_CRS", aml::resource_template(aml::io_ports(port, serial_registers)))}));
}

Table dsdt(std::optional<std::uint16_t> serial_port) {
    Table table;
    append(table, header("DSDT", 2));
    const aml::Term system_bus = aml::scope("_SB_", serial_port ? serial_device(*serial_port) : aml::Term{});
    table.insert(table.end(), system_bus.begin(), system_bus.end());
    return finished(std::move(table));
}

Table rsdp(std::uint64_t xsdt) {
    layout::AcpiRsdp rsdp{};
    set_text(rsdp.signature, "RSD PTR ");
    set_text(rsdp.oem_id, "KEXEC");
    rsdp.revision = 2;
    rsdp.length = std::uint32_t{sizeof(rsdp)};
    rsdp.xsdt_address = xsdt;
    Table table;
    append(table, rsdp);
    set_checksum(std::span(table).first(layout::acpi_rsdp_first_checksum_size), offsetof(layout::AcpiRsdp, checksum));
    set_checksum(table, offsetof(layout::AcpiRsdp, extended_checksum));
    return table;
}

} // namespace

std::vector<std::byte> acpi_tables(const AcpiMachine& machine, std::uint64_t base) {
    Table all(sizeof(layout::AcpiRsdp));
    const auto put = [&all, base](const Table& table) {
        all.resize(*align_up(all.size(), table_alignment));
        const std::uint64_t address = base + all.size();
        all.insert(all.end(), table.begin(), table.end());
        return address;
    };
    const std::uint64_t dsdt_address = put(dsdt(machine.serial_port));
    const std::uint64_t madt_address = put(madt(machine));
    const std::uint64_t fadt_address = put(fadt(dsdt_address));
    const std::uint64_t xsdt_address = put(xsdt({fadt_address, madt_address}));
    std::ranges::copy(rsdp(xsdt_address), all.begin());
    return all;
}

} // namespace kx
