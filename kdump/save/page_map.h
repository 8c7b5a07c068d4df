// SPDX-License-Identifier: GPL-2.0-or-later
// Where the crashed kernel keeps the struct page of each page frame: by section (SPARSEMEM, with or without vmemmap),
// or in one array (FLATMEM).
#pragma once

#include "kdump/kernel/memory.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <vector>

namespace kx {

class PageMap {
public:
    // Borrows the memory. Errc::unsupported where vmcoreinfo tells neither form, with what is missing.
    static Result<PageMap> of(const KernelMemory& memory, std::uint64_t page_size, std::uint64_t struct_page_size);

    // Struct pages that lie one behind another: those of [first, end) begin at `address`.
    struct Piece {
        std::uint64_t first;
        std::uint64_t end;
        std::uint64_t address; // virtual
    };
    // The piece that holds the frame, from it on, cut at the end of its section. Errc::not_found where the frame has no
    // struct page.
    Result<Piece> at(std::uint64_t frame) const;

private:
    PageMap(const KernelMemory& memory, std::uint64_t struct_page_size)
        : memory_(&memory), struct_page_size_(struct_page_size) {}
    Result<> find_sections(std::uint64_t page_size);
    Result<std::uint64_t> section_map(std::uint64_t section) const;

    const KernelMemory* memory_;
    std::uint64_t struct_page_size_;
    std::uint64_t flat_ = 0; // virtual address of the array, of frame 0
    // Sections: a table of roots, each with `per_root_` sections (SPARSEMEM_EXTREME), or one table.
    std::uint64_t section_frames_ = 0;
    std::uint64_t per_root_ = 0;
    std::uint64_t section_size_ = 0; // of struct mem_section
    std::uint64_t map_offset_ = 0;   // in it
    bool extreme_ = false;
    std::uint64_t table_ = 0; // virtual address
    std::uint64_t length_ = 0;
    std::vector<std::uint64_t> roots_; // virtual addresses; 0: none
};

} // namespace kx
