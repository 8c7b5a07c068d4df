// SPDX-License-Identifier: GPL-2.0-or-later
// A small crashed x86-64 kernel: physical pages, page tables and vmcoreinfo, as an ELF vmcore or a kdump-compressed
// dump:
//
//     CrashedKernel kernel;
//     kernel.put(0xffffffff82000000, "Linux version…");
//     kernel.tell("SYMBOL(linux_banner)=ffffffff82000000");
//     auto file = kernel.vmcore().build();
#pragma once

#include "tests/unit/kdump/dump/kdump_builder.h"
#include "tests/unit/kdump/dump/vmcore_builder.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace kx::test {

class CrashedKernel {
public:
    static constexpr std::uint64_t page_size = 4096;
    static constexpr std::uint64_t image_map = 0xffff'ffff'8000'0000;
    static constexpr std::uint64_t phys_base = 0x100'0000; // physical address of image_map; memory begins here

    explicit CrashedKernel(unsigned levels = 4) : levels_(levels), root_(allocate()) {
        tell("PAGESIZE=4096");
        tell(fmt::format("SYMBOL(init_top_pgt)={:x}", image_map + (root_ - phys_base)));
        tell(fmt::format("NUMBER(phys_base)={}", phys_base));
        tell(fmt::format("NUMBER(pgtable_l5_enabled)={}", levels == 5 ? 1 : 0));
    }

    // Pages of zeros, one after the other; the physical address of the first.
    std::uint64_t allocate(std::uint64_t pages = 1) {
        const std::uint64_t address = phys_base + memory_.size();
        memory_.resize(memory_.size() + pages * page_size);
        return address;
    }

    // Maps a page of level 1 (4 KiB), 2 (2 MiB) or 3 (1 GiB).
    void map(std::uint64_t virtual_address, std::uint64_t physical, unsigned level = 1) {
        std::uint64_t table = root_;
        for (unsigned at = levels_; at > level; --at) {
            const std::uint64_t slot = table + index(virtual_address, at) * 8;
            if (get(slot) == 0) {
                const std::uint64_t next = allocate();
                set(slot, next | 0x63);
            }
            table = get(slot) & 0x000f'ffff'ffff'f000;
        }
        set(table + index(virtual_address, level) * 8, physical | 0x63 | (level > 1 ? 0x80u : 0u));
    }

    // Writes to virtual memory; pages that are not mapped are, each to a new physical page.
    void put(std::uint64_t virtual_address, std::string_view bytes) {
        while (!bytes.empty()) {
            const std::uint64_t page = virtual_address & ~(page_size - 1);
            if (!physical(page))
                map(page, allocate());
            const std::uint64_t inside = virtual_address - page;
            const auto part = bytes.substr(0, page_size - inside);
            std::memcpy(memory_.data() + (*physical(page) + inside - phys_base), part.data(), part.size());
            virtual_address += part.size();
            bytes.remove_prefix(part.size());
        }
    }

    std::optional<std::uint64_t> physical(std::uint64_t virtual_address) const {
        std::uint64_t table = root_;
        for (unsigned at = levels_; at > 0; --at) {
            const std::uint64_t entry = get(table + index(virtual_address, at) * 8);
            if (!(entry & 1))
                return std::nullopt;
            table = entry & 0x000f'ffff'ffff'f000;
            const std::uint64_t size = std::uint64_t{1} << (12 + 9 * (at - 1));
            if (at == 1 || (entry & 0x80))
                return (table & ~(size - 1)) + (virtual_address & (size - 1));
        }
        return std::nullopt;
    }

    // A line of vmcoreinfo, without its end.
    void tell(std::string_view line) { vmcoreinfo_ += fmt::format("{}\n", line); }

    std::string& vmcoreinfo() { return vmcoreinfo_; }
    std::string& memory() { return memory_; } // from phys_base on

    // The PT_LOAD tells no virtual address.
    VmcoreBuilder<> vmcore() const {
        VmcoreBuilder<> builder;
        builder.vmcoreinfo(vmcoreinfo_).cpu(1).memory(phys_base, memory_);
        return builder;
    }

    KdumpBuilder kdump(std::uint32_t flags = layout::kdump_zlib) const {
        KdumpBuilder builder;
        const std::uint64_t first = phys_base / page_size;
        builder.frames = first + memory_.size() / page_size;
        builder.memory = {{first, builder.frames}};
        builder.vmcoreinfo = vmcoreinfo_;
        builder.notes = prstatus_note(1);
        builder.status = flags;
        for (std::uint64_t at = 0; at < memory_.size(); at += page_size)
            builder.page(first + at / page_size, memory_.substr(at, page_size), flags);
        return builder;
    }

private:
    static std::uint64_t index(std::uint64_t virtual_address, unsigned level) {
        return virtual_address >> (12 + 9 * (level - 1)) & 511;
    }
    std::uint64_t get(std::uint64_t address) const {
        le64 value;
        std::memcpy(&value, memory_.data() + (address - phys_base), sizeof(value));
        return value;
    }
    void set(std::uint64_t address, std::uint64_t value) {
        const le64 field(value);
        std::memcpy(memory_.data() + (address - phys_base), &field, sizeof(field));
    }

    std::string memory_;
    std::string vmcoreinfo_;
    unsigned levels_;
    std::uint64_t root_;
};

} // namespace kx::test
