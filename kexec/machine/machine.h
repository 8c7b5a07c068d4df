// SPDX-License-Identifier: GPL-2.0-or-later
// The facts about a machine that planning a load needs, read once. Nothing here decides anything.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/memory_map.h"
#include "kexec/machine/setup_data.h"
#include "kexec/machine/system_files.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kx {

// One entry of /sys/firmware/efi/runtime-map; `virtual_address` is where the running kernel mapped it.
struct EfiRuntimeRange {
    std::uint32_t type;
    std::uint64_t physical_address;
    std::uint64_t virtual_address;
    std::uint64_t page_count; // of 4 KiB, whatever the kernel's pages have
    std::uint64_t attribute;
    friend bool operator==(const EfiRuntimeRange&, const EfiRuntimeRange&) = default;
};

// What an x86 kernel needs to go on using EFI runtime services: setup_data SETUP_EFI and efi_info. On other
// architectures only `platform_bits` and what systab says is there.
struct EfiFacts {
    std::uint64_t platform_bits = 0; // of the firmware: 32 or 64; 0 where not told
    std::uint64_t fw_vendor = 0;     // physical, as /sys/firmware/efi tells; 0 where hidden
    std::uint64_t runtime = 0;       // of the runtime services table
    std::uint64_t config_table = 0;  // of the configuration table
    std::uint64_t smbios = 0;        // from /sys/firmware/efi/systab "SMBIOS=" before "SMBIOS3="; 0 where absent
    std::uint64_t acpi_rsdp = 0;     // ACPI20= before ACPI=; 0 where absent
    std::vector<EfiRuntimeRange> runtime_map; // in the kernel's order
    friend bool operator==(const EfiFacts&, const EfiFacts&) = default;
};

// An EDD or memory type or other table that only one architecture has lives in the raw boot_params.
struct Machine {
    std::string architecture; // as uname -m: "x86_64", "aarch64" …
    std::string release;      // as uname -r; empty where it could not be read
    std::string command_line; // /proc/cmdline without its newline

    // What firmware told, sorted by address: the next kernel gets this map. /sys/firmware/memmap where it exists, else
    // the top level of /proc/iomem.
    std::vector<MemoryRange> memory_map;
    // Where segments of a load that replaces this kernel may lie: RAM by both maps (if both can be read), without
    // anything that /proc/iomem lists inside RAM (except the running kernel's own image), without what EFI runtime
    // services use, without memory blocks that are offline, and without the memory of instances. Sorted, disjoint, not
    // page aligned.
    std::vector<PhysRange> free_ram;
    std::vector<PhysRange> crash_reservations; // "Crash kernel" in /proc/iomem
    // /proc/iomem could be read with its addresses. Without it free_ram knows no reservations: good enough to explain a
    // load, not to make one (only root may, and root sees the addresses).
    bool iomem_readable = false;

    std::optional<std::vector<std::byte>> boot_params; // /sys/kernel/boot_params/data (x86): 4096 bytes
    std::vector<RunningSetupData> setup_data;          // x86
    std::optional<EfiFacts> efi;
    bool five_level_paging = false; // the running x86 kernel uses LA57

    friend bool operator==(const Machine&, const Machine&) = default;
};

// What the machine is called, as uname -m.
Result<std::string> read_architecture(const SystemFiles& files);

// `files` is the running system or a captured one. Notes what could not be read and what follows from that. Fails
// without an architecture, without any memory map (Errc::denied where root would see one), and on files that break
// their format.
Result<Machine> read_machine(const SystemFiles& files, Notices& notices);

// Copies exactly what read_machine, read_capabilities and `also` (the caller's other readers; may be empty) read, from
// `files` to the new folder `destination`: DirectoryFiles(destination) is then the same machine. If a reader takes only
// some lines of a file, or only its head, only these are copied. Returns the relative paths of the files that were
// written, sorted, and notes the files that could not be read. A machine that read_machine refuses is captured even so,
// and the refusal is noted. Refuses a destination that exists and is not an empty folder.
//
// Privacy: the copy holds /proc/cmdline as it is (which may name disks or carry secrets), physical addresses that
// only root may read, the kernel's configuration and its release. It holds no serial numbers, host names or network
// addresses unless the command line does, and no virtual addresses of the kernel: in proc/kallsyms and proc/kcore zeros
// stand for them. Files are written with mode 0600, folders with 0700.
Result<std::vector<std::string>> capture_machine(const SystemFiles& files, const std::string& destination,
                                                 Notices& notices,
                                                 const std::function<void(const SystemFiles&)>& also = {});

} // namespace kx
