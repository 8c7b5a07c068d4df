// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/loader/x86/boot_params_fields.h"

namespace kx {
namespace {

using enum Fate;

constexpr BootParamsField fields[] = {
    {0x000, 0x002, "screen_info", inherited, "the screen as it is; only BIOS or the EFI stub could be asked"},
    {0x002, 0x002, "screen_info.ext_mem_k", left_out, "memory size by BIOS; the e820 map tells it"},
    {0x004, 0x03c, "screen_info", inherited, "the rest of it"},
    {0x040, 0x014, "apm_bios_info", left_out, "a connection to the APM BIOS; 64-bit kernels have no APM"},
    {0x054, 0x004, "(reserved)", left_out, "no meaning"},
    {0x058, 0x008, "tboot_addr", inherited, "tboot stays below the kernel, and must be told of a shutdown"},
    {0x060, 0x010, "ist_info", inherited, "SpeedStep, as BIOS told; only BIOS could be asked"},
    {0x070, 0x008, "acpi_rsdp_addr", inherited, "where ACPI begins; else from EFI's tables"},
    {0x078, 0x008, "(reserved)", left_out, "no meaning"},
    {0x080, 0x010, "hd0_info", left_out, "no kernel reads it any more"},
    {0x090, 0x010, "hd1_info", left_out, "no kernel reads it any more"},
    {0x0a0, 0x010, "sys_desc_table", left_out, "of the Micro Channel; no kernel reads it any more"},
    {0x0b0, 0x010, "olpc_ofw_header", left_out, "calls into firmware that 32-bit kernels alone make"},
    {0x0c0, 0x004, "ext_ramdisk_image", made, "the initrd of this load, upper half"},
    {0x0c4, 0x004, "ext_ramdisk_size", made, "the same"},
    {0x0c8, 0x004, "ext_cmd_line_ptr", made, "the command line of this load, upper half"},
    {0x0cc, 0x070, "(reserved)", left_out, "no meaning"},
    {0x13c, 0x004, "cc_blob_address", left_out, "a kernel's decompressor tells its kernel; found in EFI's tables"},
    {0x140, 0x080, "edid_info", inherited, "what the monitor can do; only BIOS could be asked"},
    {0x1c0, 0x020, "efi_info", made, "EFI's system table as inherited, with a new memory map; zero without EFI"},
    {0x1e0, 0x004, "alt_mem_k", left_out, "memory size by BIOS; the e820 map tells it"},
    {0x1e4, 0x004, "scratch", left_out, "the setup code's own; it does not run"},
    {0x1e8, 0x001, "e820_entries", made, "the memory map for the next kernel"},
    {0x1e9, 0x001, "eddbuf_entries", inherited, "disks, as BIOS told; only BIOS could be asked"},
    {0x1ea, 0x001, "edd_mbr_sig_buf_entries", inherited, "the same"},
    {0x1eb, 0x001, "kbd_status", inherited, "NumLock, as BIOS had it; only BIOS could be asked"},
    {0x1ec, 0x001, "secure_boot", inherited, "firmware checked what it started"},
    {0x1ed, 0x002, "(reserved)", left_out, "no meaning"},
    {0x1ef, 0x001, "sentinel", left_out, "not zero would mean that the page was not cleared"},
    {0x1f0, 0x001, "(reserved)", left_out, "no meaning"},
    {0x1f1, 0x001, "setup_sects", from_image, "of this kernel"},
    {0x1f2, 0x002, "root_flags", from_image, "of this kernel; ro and rw on the command line say more"},
    {0x1f4, 0x004, "syssize", from_image, "of this kernel"},
    {0x1f8, 0x002, "ram_size", from_image, "obsolete"},
    {0x1fa, 0x002, "vid_mode", inherited, "the mode that the screen is in, with screen_info"},
    {0x1fc, 0x002, "root_dev", from_image, "of this kernel; root= on the command line says more"},
    {0x1fe, 0x002, "boot_flag", from_image, "of this kernel"},
    {0x200, 0x002, "jump", from_image, "of this kernel"},
    {0x202, 0x004, "header", from_image, "of this kernel"},
    {0x206, 0x002, "version", from_image, "of this kernel"},
    {0x208, 0x004, "realmode_swtch", from_image, "of this kernel; its setup code does not run"},
    {0x20c, 0x002, "start_sys_seg", from_image, "obsolete"},
    {0x20e, 0x002, "kernel_version", from_image, "of this kernel"},
    {0x210, 0x001, "type_of_loader", made, "0xd0, kexec: this program is the loader"},
    {0x211, 0x001, "loadflags", made, "LOADED_HIGH, and QUIET with quiet on the command line"},
    {0x212, 0x002, "setup_move_size", from_image, "of this kernel; its setup code does not run"},
    {0x214, 0x004, "code32_start", from_image, "of this kernel; it is entered in 64-bit mode"},
    {0x218, 0x004, "ramdisk_image", made, "the initrd of this load"},
    {0x21c, 0x004, "ramdisk_size", made, "the same"},
    {0x220, 0x004, "bootsect_kludge", left_out, "obsolete"},
    {0x224, 0x002, "heap_end_ptr", from_image, "of this kernel; its setup code does not run"},
    {0x226, 0x001, "ext_loader_ver", left_out, "of other loaders than type_of_loader names"},
    {0x227, 0x001, "ext_loader_type", left_out, "the same"},
    {0x228, 0x004, "cmd_line_ptr", made, "the command line of this load"},
    {0x22c, 0x004, "initrd_addr_max", from_image, "of this kernel"},
    {0x230, 0x004, "kernel_alignment", from_image, "of this kernel"},
    {0x234, 0x001, "relocatable_kernel", from_image, "of this kernel"},
    {0x235, 0x001, "min_alignment", from_image, "of this kernel"},
    {0x236, 0x002, "xloadflags", from_image, "of this kernel"},
    {0x238, 0x004, "cmdline_size", from_image, "of this kernel"},
    {0x23c, 0x004, "hardware_subarch", inherited, "which kind of PC this is: nothing else tells"},
    {0x240, 0x008, "hardware_subarch_data", inherited, "the same"},
    {0x248, 0x004, "payload_offset", from_image, "of this kernel"},
    {0x24c, 0x004, "payload_length", from_image, "of this kernel"},
    {0x250, 0x008, "setup_data", made, "the list below"},
    {0x258, 0x008, "pref_address", from_image, "of this kernel"},
    {0x260, 0x004, "init_size", from_image, "of this kernel"},
    {0x264, 0x004, "handover_offset", from_image, "of this kernel"},
    {0x268, 0x004, "kernel_info_offset", from_image, "of this kernel"},
    {0x26c, 0x024, "(newer header)", from_image, "of this kernel, as far as its header goes"},
    {0x290, 0x040, "edd_mbr_sig_buffer", inherited, "disks, as BIOS told; only BIOS could be asked"},
    {0x2d0, 0xa00, "e820_table", made, "the memory map for the next kernel"},
    {0xcd0, 0x030, "(reserved)", left_out, "no meaning"},
    {0xd00, 0x1ec, "eddbuf", inherited, "disks, as BIOS told; only BIOS could be asked"},
    {0xeec, 0x114, "(reserved)", left_out, "no meaning"},
};

constexpr SetupDataKind kinds[] = {
    {0, "SETUP_NONE", left_out, "no meaning to a kernel; earlier loads kept memory so"},
    {1, "SETUP_E820_EXT", made, "what of the memory map does not fit the page"},
    {2, "SETUP_DTB", inherited, "the machine's device tree; --dtb replaces it"},
    {3, "SETUP_PCI", inherited, "option ROMs that EFI's boot services alone could read"},
    {4, "SETUP_EFI", made, "EFI's tables and where its runtime services are mapped"},
    {5, "SETUP_APPLE_PROPERTIES", inherited, "properties of devices that EFI's boot services alone could read"},
    {6, "SETUP_JAILHOUSE", inherited, "the cell of a Jailhouse guest: nothing else tells"},
    {7, "SETUP_CC_BLOB", inherited, "where the secrets page of a confidential guest is described"},
    {8, "SETUP_IMA", left_out, "points to a list of measurements that the running kernel took over"},
    {9, "SETUP_RNG_SEED", made, "fresh for each load"},
    {10, "SETUP_KEXEC_KHO", made, "where this load hands something over; the running kernel's is used up"},
};

} // namespace

std::string_view name_of(Fate fate) {
    switch (fate) {
    case inherited:
        return "inherited";
    case from_image:
        return "image";
    case made:
        return "made";
    case left_out:
        break;
    }
    return "left out";
}

std::span<const BootParamsField> boot_params_fields() {
    return fields;
}

std::span<const SetupDataKind> setup_data_kinds() {
    return kinds;
}

} // namespace kx
