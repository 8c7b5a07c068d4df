// SPDX-License-Identifier: GPL-2.0-or-later
// The x86 boot protocol: the setup header inside a bzImage, the zero page (boot_params) handed to the kernel, and the
// setup_data list. Linux Documentation/arch/x86/boot.rst and zero-page.rst.
#pragma once

#include "include/wire.h"

#include <cstddef>

namespace kx::layout {

// At 0x1f1 of a bzImage and of boot_params. `jump` tells how much of it an image has: the header ends at 0x202 +
// jump[1].
struct SetupHeader {
    std::uint8_t setup_sects; // of 512 bytes, without the boot sector; 0 means 4
    le16 root_flags;
    le32 syssize;
    le16 ram_size;
    le16 vid_mode;
    le16 root_dev;
    le16 boot_flag;         // 0x1fe: 0xaa55
    std::uint8_t jump[2];   // 0x200: a short jump; jump[1] counts from 0x202
    std::uint8_t header[4]; // 0x202: "HdrS"
    le16 version;           // 0x206: of the protocol, 0x20c is 2.12
    le32 realmode_swtch;
    le16 start_sys_seg;
    le16 kernel_version;         // 0x20e: offset - 0x200 of a text, 0 for none
    std::uint8_t type_of_loader; // 0x210
    std::uint8_t loadflags;      // 0x211
    le16 setup_move_size;
    le32 code32_start;  // 0x214
    le32 ramdisk_image; // 0x218
    le32 ramdisk_size;
    le32 bootsect_kludge;
    le16 heap_end_ptr;
    std::uint8_t ext_loader_ver;
    std::uint8_t ext_loader_type;
    le32 cmd_line_ptr;               // 0x228
    le32 initrd_addr_max;            // 0x22c: highest address of the last byte
    le32 kernel_alignment;           // 0x230
    std::uint8_t relocatable_kernel; // 0x234
    std::uint8_t min_alignment;      // a power of two's exponent
    le16 xloadflags;                 // 0x236
    le32 cmdline_size;               // 0x238: without the NUL
    le32 hardware_subarch;
    le64 hardware_subarch_data;
    le32 payload_offset; // 0x248: from the start of the protected-mode code
    le32 payload_length;
    le64 setup_data;   // 0x250: physical address of the first node
    le64 pref_address; // 0x258
    le32 init_size;    // 0x260
    le32 handover_offset;
    le32 kernel_info_offset; // 0x268: from the start of the protected-mode code
};
static_assert(sizeof(SetupHeader) == 0x26c - 0x1f1 && WireLayout<SetupHeader>);

inline constexpr std::uint64_t setup_header_offset = 0x1f1;
inline constexpr std::uint16_t boot_flag_value = 0xaa55;
inline constexpr std::uint8_t loaded_high = 0x01;       // loadflags
inline constexpr std::uint8_t quiet_flag = 0x20;        // loadflags
inline constexpr std::uint16_t xlf_kernel_64 = 0x0001;  // entry at 0x200 of the protected-mode code
inline constexpr std::uint16_t xlf_above_4g = 0x0002;   // kernel, boot_params, command line, initrd above 4 GiB
inline constexpr std::uint16_t xlf_5level = 0x0020;     // may be entered with five-level paging on
inline constexpr std::uint64_t entry_64_offset = 0x200; // from the start of the protected-mode code

struct E820Entry {
    le64 address;
    le64 size;
    le32 type;
};
static_assert(sizeof(E820Entry) == 20);
inline constexpr std::size_t e820_table_entries = 128;

// The zero page. Fields that a load copies as a whole are byte arrays.
struct BootParams {
    std::uint8_t screen_info[0x40];
    std::uint8_t apm_bios_info[0x14];
    std::uint8_t reserved_054[4];
    le64 tboot_addr; // 0x058
    std::uint8_t ist_info[0x10];
    le64 acpi_rsdp_addr; // 0x070
    std::uint8_t reserved_078[8];
    std::uint8_t hd0_info[0x10]; // 0x080
    std::uint8_t hd1_info[0x10];
    std::uint8_t sys_desc_table[0x10];
    std::uint8_t olpc_ofw_header[0x10];
    le32 ext_ramdisk_image; // 0x0c0: upper halves
    le32 ext_ramdisk_size;
    le32 ext_cmd_line_ptr; // 0x0c8
    std::uint8_t reserved_0cc[0x13c - 0x0cc];
    le32 cc_blob_address;         // 0x13c
    std::uint8_t edid_info[0x80]; // 0x140
    struct EfiInfo {
        std::uint8_t loader_signature[4]; // "EL64", "EL32"
        le32 systab;
        le32 memdesc_size;
        le32 memdesc_version;
        le32 memmap;
        le32 memmap_size;
        le32 systab_high;
        le32 memmap_high;
    } efi_info; // 0x1c0
    le32 alt_mem_k;
    le32 scratch;
    std::uint8_t e820_entries; // 0x1e8
    std::uint8_t eddbuf_entries;
    std::uint8_t edd_mbr_sig_entries; // 0x1ea
    std::uint8_t kbd_status;
    std::uint8_t secure_boot; // 0x1ec
    std::uint8_t reserved_1ed[2];
    std::uint8_t sentinel; // 0x1ef
    std::uint8_t reserved_1f0;
    SetupHeader header; // 0x1f1
    std::uint8_t reserved_26c[0x290 - 0x26c];
    le32 edd_mbr_sig[16];                     // 0x290
    E820Entry e820_table[e820_table_entries]; // 0x2d0
    std::uint8_t reserved_cd0[0x30];
    std::uint8_t eddbuf[6 * 0x52]; // 0xd00
    std::uint8_t reserved_eec[0x1000 - 0xeec];
};
static_assert(sizeof(BootParams) == 4096 && WireLayout<BootParams>);
static_assert(offsetof(BootParams, acpi_rsdp_addr) == 0x70 && offsetof(BootParams, ext_cmd_line_ptr) == 0xc8);
static_assert(offsetof(BootParams, efi_info) == 0x1c0 && offsetof(BootParams, e820_entries) == 0x1e8);
static_assert(offsetof(BootParams, header) == 0x1f1 && offsetof(BootParams, edd_mbr_sig) == 0x290);
static_assert(offsetof(BootParams, e820_table) == 0x2d0 && offsetof(BootParams, eddbuf) == 0xd00);

// The head of a setup_data node; `length` bytes follow it.
struct SetupData {
    le64 next; // physical address of the next node, 0 for none
    le32 type;
    le32 length;
};
static_assert(sizeof(SetupData) == 16);
inline constexpr std::uint32_t setup_none = 0;
inline constexpr std::uint32_t setup_e820_ext = 1;
inline constexpr std::uint32_t setup_dtb = 2;
inline constexpr std::uint32_t setup_efi = 4;
inline constexpr std::uint32_t setup_cc_blob = 7; // payload: le32, the physical address of the blob
inline constexpr std::uint32_t setup_rng_seed = 9;
inline constexpr std::uint32_t setup_kho = 10;

// Payload of SETUP_EFI.
struct EfiSetupData {
    le64 fw_vendor;
    le64 runtime;
    le64 tables;
    le64 smbios;
    le64 reserved[8];
};
static_assert(sizeof(EfiSetupData) == 96);

// Payload of SETUP_KEXEC_KHO: physical addresses and sizes in bytes, 0 and 0 for what is not handed over.
struct KhoSetupData {
    le64 fdt_addr;
    le64 fdt_size;
    le64 scratch_addr;
    le64 scratch_size;
};
static_assert(sizeof(KhoSetupData) == 32);

// EFI_MEMORY_DESCRIPTOR, version 1 (UEFI specification 2.10, section 7.2).
struct EfiMemoryDescriptor {
    le32 type;
    le32 padding;
    le64 physical_start;
    le64 virtual_start;
    le64 number_of_pages; // of 4 KiB
    le64 attribute;
};
static_assert(sizeof(EfiMemoryDescriptor) == 40);

} // namespace kx::layout
