// SPDX-License-Identifier: GPL-2.0-or-later
// What the machine's memory is, as /sys/firmware/memmap (what firmware said; x86) and /proc/iomem (what the running
// kernel made of it) tell. Both hold inclusive ends; they become half-open ranges here and nowhere else. Addresses are
// physical.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

// In the order of the e820 types where these exist.
enum class MemoryKind {
    ram,
    reserved,
    acpi_tables,
    acpi_nvs,
    unusable,
    persistent,        // "Persistent Memory"
    persistent_legacy, // "Persistent Memory (legacy)"
    soft_reserved,
    other, // a word this program does not know; never RAM
};

struct MemoryRange {
    PhysRange range;
    MemoryKind kind;
    friend bool operator==(const MemoryRange&, const MemoryRange&) = default;
};

// The words of /sys/firmware/memmap/*/type and of /proc/iomem, upper or lower case. Firmware's own names of
// reserved ranges ("Reserved", "Device reserved" …) are reserved. RAM that a driver keeps to itself
// ("System RAM (kmem)") is other.
MemoryKind memory_kind(std::string_view word);
std::string_view name_of(MemoryKind kind); // "System RAM", "Reserved" …

// The range from `first` to `last`, both included. A range that would end with the last byte of the 64-bit space
// leaves that byte out, see PhysRange.
Result<PhysRange> inclusive_range(std::uint64_t first, std::uint64_t last);

// "0x1000-0x1fff", both ends included, as the files of multikernel/kmod have it.
Result<PhysRange> parse_inclusive_range(std::string_view text);

// One line of /proc/iomem; children follow their parent, one deeper.
struct IomemEntry {
    unsigned depth;
    PhysRange range;
    std::string name;
    friend bool operator==(const IomemEntry&, const IomemEntry&) = default;
};

// Refuses a line that is not "begin-end : name", an end below its begin, a child outside its parent and more than
// 100000 lines; the message has the line's number. A reader without CAP_SYS_ADMIN sees all addresses as zero:
// Errc::denied.
Result<std::vector<IomemEntry>> parse_iomem(std::string_view text);

// proc/iomem, parsed; the message of an error names the file.
Result<std::vector<IomemEntry>> read_iomem(const SystemFiles& files);

// Sorted by address. An entry with a missing or senseless file is Errc::malformed: half a map is worse than none.
// Errc::not_found where the kernel has no such folder, as on everything but x86.
Result<std::vector<MemoryRange>> read_firmware_map(const SystemFiles& files);

// The top level of /proc/iomem, sorted, without what is no memory (devices, buses).
std::vector<MemoryRange> memory_map_of(std::span<const IomemEntry> iomem);

// Sorted and disjoint: the RAM of a map, without the addresses that another entry claims, too.
std::vector<PhysRange> ram_of(std::span<const MemoryRange> map);

// Sorted and disjoint: what /proc/iomem calls System RAM, without everything that it lists inside, except the running
// kernel's own text, data and bss. So crash reservations, pools of other kernels and regions that devices or firmware
// hold are left out, whatever their names are.
std::vector<PhysRange> replaceable_ram(std::span<const IomemEntry> iomem);

// Sorted and disjoint: all entries with exactly this name ("Crash kernel").
std::vector<PhysRange> ranges_named(std::span<const IomemEntry> iomem, std::string_view name);

} // namespace kx
