// SPDX-License-Identifier: GPL-2.0-or-later
// What the machine's memory is, as /sys/firmware/memmap (what firmware said; x86) and /proc/iomem (what the running
// kernel made of it) tell. Both hold inclusive ends; they become half-open ranges here and nowhere else.
#pragma once

#include "core/phys_range.h"
#include "core/result.h"

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
// reserved ranges ("Reserved", "Device reserved" …) are reserved.
MemoryKind memory_kind(std::string_view word);
std::string_view name_of(MemoryKind kind); // "System RAM", "Reserved" …

// One line of /proc/iomem; children follow their parent, one deeper.
struct IomemEntry {
    unsigned depth;
    PhysRange range;
    std::string name;
    friend bool operator==(const IomemEntry&, const IomemEntry&) = default;
};

// Refuses a line that is not "begin-end : name", an end below its begin, and a child outside its parent.
// A reader without CAP_SYS_ADMIN sees all addresses as zero: Errc::denied.
Result<std::vector<IomemEntry>> parse_iomem(std::string_view text);

} // namespace kx
