// SPDX-License-Identifier: GPL-2.0-or-later
// A checked reader of ELF files, both classes and byte orders: kernels, our own purgatory, crash dumps.
#pragma once

#include "include/layout/elf.h"
#include "kexec/core/byte_view.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace kx {

// A program header as the file tells it. What it points to is checked where it is asked for (segment_content,
// loadable_segments), because an incomplete dump has segments past its end and is still worth reading.
struct ElfSegment {
    std::uint32_t type;
    std::uint32_t flags;
    std::uint64_t offset; // file offset
    std::uint64_t virtual_address;
    std::uint64_t physical_address;
    std::uint64_t file_size;
    std::uint64_t memory_size;
    std::uint64_t alignment;
};

struct ElfSection {
    std::uint32_t name; // offset in the section names
    std::uint32_t type;
    std::uint64_t flags;
    std::uint64_t address; // virtual
    std::uint64_t offset;  // file offset
    std::uint64_t size;
    std::uint32_t link;
    std::uint32_t info;
    std::uint64_t alignment;
    std::uint64_t entry_size;
};

struct ElfSymbol {
    std::uint64_t value; // virtual address, in an executable
    std::uint64_t size;
    std::uint8_t info; // type and binding
    std::uint16_t section;
};

struct ElfNote {
    std::string_view name;   // without its NUL
    std::uint32_t name_size; // as the file tells it: with its NUL
    std::uint32_t type;
    ByteView description;
};

// Views borrow the file's bytes.
struct Elf {
    ByteView file;
    bool is_64;
    bool big_endian;
    std::uint16_t type;
    std::uint16_t machine;
    std::uint32_t flags;
    std::uint64_t entry; // virtual address
    std::vector<ElfSegment> segments;
    std::vector<ElfSection> sections;
    std::uint32_t section_names; // index of their string table, 0 for none
    std::uint64_t headers_end;   // file offset behind the ELF header and both tables
};

// The magic only.
bool is_elf(ByteView file);

// Both tables lie inside the file; extended counts (PN_XNUM and its like) are followed. Errc::not_this_format without
// the magic, Errc::unsupported for a class, byte order or version that the gABI does not know, Errc::malformed else.
Result<Elf> parse_elf(ByteView file);

// The file offset behind everything that the headers describe (tables, segments, sections), at most the file's size.
// What lies behind it is no part of the ELF.
std::uint64_t end_of(const Elf& elf);

// The bytes of the segment that the file holds; Errc::malformed if it ends before them.
Result<ByteView> segment_content(const Elf& elf, const ElfSegment& segment);

// Empty for SHT_NOBITS.
Result<ByteView> section_content(const Elf& elf, const ElfSection& section);
Result<std::string_view> section_name(const Elf& elf, const ElfSection& section);

// The PT_LOADs that occupy memory, in file order, each safe to load: content inside the file and not larger than its
// memory, address ranges that do not wrap. Errc::malformed where one is not, or where there are none.
Result<std::vector<ElfSegment>> loadable_segments(const Elf& elf);

// The first defined symbol of this name, in .symtab, then in .dynsym; nullopt if there is none (or no symbols at all).
Result<std::optional<ElfSymbol>> find_symbol(const Elf& elf, std::string_view name);

// The notes of a PT_NOTE or SHT_NOTE content, in order. `alignment` is the segment's: 8 pads to 8, all else to 4. A
// header of zeros ends the list, as it does in the kernel's per-CPU crash notes.
Result<std::vector<ElfNote>> parse_notes(ByteView content, bool big_endian, std::uint64_t alignment);

// Those of all PT_NOTE segments.
Result<std::vector<ElfNote>> notes_of(const Elf& elf);

} // namespace kx
