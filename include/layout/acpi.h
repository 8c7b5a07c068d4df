// SPDX-License-Identifier: GPL-2.0-or-later
// ACPI tables as they lie in memory (ACPI specification 6.5, section 5.2). All integers are little endian; every
// address is physical.
#pragma once

#include "include/wire.h"

#include <cstddef>

namespace kx::layout {

// 5.2.5.3. `checksum` makes the first 20 bytes sum to 0, `extended_checksum` all of them.
struct AcpiRsdp {
    std::uint8_t signature[8]; // "RSD PTR "
    std::uint8_t checksum;
    std::uint8_t oem_id[6];
    std::uint8_t revision; // 2 since ACPI 2.0
    le32 rsdt_address;
    le32 length;
    le64 xsdt_address;
    std::uint8_t extended_checksum;
    std::uint8_t reserved[3];
};
static_assert(sizeof(AcpiRsdp) == 36 && WireLayout<AcpiRsdp>);
inline constexpr std::size_t acpi_rsdp_first_checksum_size = 20;

// 5.2.6: the head of every other table. `checksum` makes all bytes of the table sum to 0.
struct AcpiHeader {
    std::uint8_t signature[4];
    le32 length; // of the table, this head included
    std::uint8_t revision;
    std::uint8_t checksum;
    std::uint8_t oem_id[6];
    std::uint8_t oem_table_id[8];
    le32 oem_revision;
    std::uint8_t creator_id[4];
    le32 creator_revision;
};
static_assert(sizeof(AcpiHeader) == 36 && WireLayout<AcpiHeader>);

// 5.2.3.2, Generic Address Structure.
struct AcpiAddress {
    std::uint8_t space;
    std::uint8_t bit_width;
    std::uint8_t bit_offset;
    std::uint8_t access_size;
    le64 address;
};
static_assert(sizeof(AcpiAddress) == 12);

// 5.2.9, revision 6: what a hardware-reduced machine says something in, by name; the rest stays zero there.
struct AcpiFadt {
    AcpiHeader header;
    le32 firmware_ctrl; // 36
    le32 dsdt;          // 40
    std::uint8_t reserved_44;
    std::uint8_t preferred_pm_profile;    // 45
    std::uint8_t power_management_46[63]; // SCI, SMI, the fixed registers and their lengths
    le16 iapc_boot_arch;                  // 109
    std::uint8_t reserved_111;
    le32 flags;                 // 112
    AcpiAddress reset_register; // 116
    std::uint8_t reset_value;   // 128
    le16 arm_boot_arch;         // 129
    std::uint8_t minor_version; // 131
    le64 x_firmware_ctrl;       // 132
    le64 x_dsdt;                // 140
    AcpiAddress fixed_registers_148[8];
    AcpiAddress sleep_control; // 244
    AcpiAddress sleep_status;
    std::uint8_t hypervisor_vendor[8]; // 268
};
static_assert(sizeof(AcpiFadt) == 276 && WireLayout<AcpiFadt>);
static_assert(offsetof(AcpiFadt, iapc_boot_arch) == 109 && offsetof(AcpiFadt, flags) == 112);
static_assert(offsetof(AcpiFadt, minor_version) == 131 && offsetof(AcpiFadt, x_dsdt) == 140);
static_assert(offsetof(AcpiFadt, sleep_control) == 244);

// iapc_boot_arch
inline constexpr std::uint16_t acpi_has_8042 = 1 << 1;
inline constexpr std::uint16_t acpi_no_vga = 1 << 2;
inline constexpr std::uint16_t acpi_no_msi = 1 << 3;
inline constexpr std::uint16_t acpi_no_cmos_rtc = 1 << 5;
// flags
inline constexpr std::uint32_t acpi_wbinvd = 1u << 0;
inline constexpr std::uint32_t acpi_no_power_button = 1u << 4; // no fixed one
inline constexpr std::uint32_t acpi_no_sleep_button = 1u << 5;
inline constexpr std::uint32_t acpi_physical_destination = 1u << 19; // FORCE_APIC_PHYSICAL_DESTINATION_MODE
inline constexpr std::uint32_t acpi_hardware_reduced = 1u << 20;

// 5.2.12; entries follow.
struct AcpiMadt {
    AcpiHeader header;
    le32 local_apic_address;
    le32 flags;
};
static_assert(sizeof(AcpiMadt) == 44);

// 5.2.12.2
struct AcpiLocalApic {
    std::uint8_t type; // 0
    std::uint8_t length;
    std::uint8_t processor_uid;
    std::uint8_t apic_id;
    le32 flags;
};
static_assert(sizeof(AcpiLocalApic) == 8);

// 5.2.12.12
struct AcpiLocalX2apic {
    std::uint8_t type; // 9
    std::uint8_t length;
    le16 reserved;
    le32 x2apic_id;
    le32 flags;
    le32 processor_uid;
};
static_assert(sizeof(AcpiLocalX2apic) == 16);

struct AcpiIoApic {
    std::uint8_t type;
    std::uint8_t length;
    std::uint8_t id;
    std::uint8_t reserved;
    le32 address;
    le32 interrupt_base;
};
static_assert(sizeof(AcpiIoApic) == 12);

inline constexpr std::uint8_t acpi_local_apic = 0;
inline constexpr std::uint8_t acpi_io_apic = 1;
inline constexpr std::uint8_t acpi_local_x2apic = 9;
inline constexpr std::uint32_t acpi_processor_enabled = 1;
inline constexpr std::uint32_t acpi_processor_online_capable = 2;

} // namespace kx::layout
