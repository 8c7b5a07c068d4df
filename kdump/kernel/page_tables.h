// SPDX-License-Identifier: GPL-2.0-or-later
// How an architecture maps its kernel's memory: the facts that a walk needs, from vmcoreinfo.
#pragma once

#include "kdump/dump/dump.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace kx {

// Virtual addresses [begin, last] are at physical `physical` and on.
struct LinearMapping {
    std::uint64_t begin;
    std::uint64_t last;
    std::uint64_t physical;
};

struct PageTableEntry {
    enum class Kind { absent, table, page } kind;
    std::uint64_t physical; // of the next table, or of the page's first byte
};

// A table has a page's worth of entries of 8 bytes; the top one may have fewer.
struct PageTables {
    std::uint64_t root;          // physical
    unsigned levels;             // the top one; 1 is that of pages
    unsigned page_shift;         // 12: pages of 4 KiB
    unsigned address_bits;       // of a virtual address; the bits above are ones
    std::uint64_t physical_mask; // the bits of an entry that hold an address
    PageTableEntry (*decode)(const PageTables& tables, std::uint64_t entry, unsigned level);

    unsigned index_bits() const { return page_shift - 3; }
    unsigned shift(unsigned level) const { return page_shift + (level - 1) * index_bits(); }
};

struct KernelMapping {
    PageTables tables;
    std::vector<LinearMapping> linear; // the kernel's image
};

// Errc::unsupported where vmcoreinfo lacks something: the message names it.
Result<KernelMapping> x86_64_mapping(const Dump& dump);
Result<KernelMapping> arm64_mapping(const Dump& dump);
Result<KernelMapping> riscv64_mapping(const Dump& dump);

struct PageTableRow {
    std::string_view architecture;
    Result<KernelMapping> (*mapping_of)(const Dump& dump);
};

// The row for an architecture, or null.
const PageTableRow* page_table_row(std::string_view architecture);

} // namespace kx
