// SPDX-License-Identifier: GPL-2.0-or-later
// Memory of the crashed kernel by its virtual addresses: its page tables are walked, from what vmcoreinfo tells. One
// row of facts an architecture (page_tables.cc).
#pragma once

#include "include/wire.h"
#include "kdump/dump/dump.h"
#include "kdump/kernel/page_tables.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace kx {

// Errc::unsupported: the dump lacks what a kernel tells of itself; the message says what that costs, and what to do.
std::unexpected<Error> no_vmcoreinfo(const Dump& dump);

// Messages do not name the dump's file.
class KernelMemory {
public:
    // Where a virtual address is: `length` bytes from there are in one piece of physical memory.
    struct Place {
        std::uint64_t physical;
        std::uint64_t length;
    };

    // Borrows the dump. Errc::unsupported for an architecture without a row, or where vmcoreinfo lacks what the walk
    // needs, and the dump's headers tell no virtual addresses either; the message names what is missing.
    static Result<KernelMemory> of(const Dump& dump);
    KernelMemory(KernelMemory&&) noexcept;
    KernelMemory& operator=(KernelMemory&&) noexcept;
    ~KernelMemory();

    const Dump& dump() const { return *dump_; }
    const Vmcoreinfo& vmcoreinfo() const { return dump_->vmcoreinfo(); }

    // Errc::not_found for an address that is not mapped. If the dump lacks a page table that the walk needs, the
    // kernel's linear mapping of itself and the virtual addresses of the dump's PT_LOADs tell instead. Safe to call
    // from many threads, as is `read`.
    Result<Place> place_of(std::uint64_t virtual_address) const;
    Result<std::uint64_t> physical(std::uint64_t virtual_address) const;
    // May cross pages.
    Result<> read(std::uint64_t virtual_address, std::span<std::byte> out) const;

    template <WireLayout T> Result<T> read(std::uint64_t virtual_address) const {
        T value{};
        KX_TRY(read(virtual_address, std::as_writable_bytes(std::span(&value, 1))));
        return value;
    }

private:
    struct TableCache;

    explicit KernelMemory(const Dump& dump);
    Result<std::optional<Place>> walk(std::uint64_t virtual_address) const;
    std::optional<Place> linear(std::uint64_t virtual_address) const;
    Result<std::uint64_t> table_entry(std::uint64_t table, std::uint64_t index) const;

    const Dump* dump_;
    std::optional<PageTables> tables_;
    std::vector<LinearMapping> linear_;
    std::unique_ptr<TableCache> cache_;
};

} // namespace kx
