// SPDX-License-Identifier: GPL-2.0-or-later
// ELF as files hold it (System V gABI, chapters 4 and 5), in either byte order.
#pragma once

#include "include/wire.h"

namespace kx::layout {

inline constexpr std::uint8_t elf_class_32 = 1; // e_ident[4]
inline constexpr std::uint8_t elf_class_64 = 2;
inline constexpr std::uint8_t elf_data_little = 1; // e_ident[5]
inline constexpr std::uint8_t elf_data_big = 2;
inline constexpr std::uint8_t elf_version_current = 1; // e_ident[6]

inline constexpr std::uint16_t et_exec = 2; // e_type
inline constexpr std::uint16_t et_dyn = 3;
inline constexpr std::uint16_t et_core = 4;

inline constexpr std::uint16_t em_386 = 3; // e_machine
inline constexpr std::uint16_t em_mips = 8;
inline constexpr std::uint16_t em_ppc = 20;
inline constexpr std::uint16_t em_ppc64 = 21;
inline constexpr std::uint16_t em_s390 = 22;
inline constexpr std::uint16_t em_arm = 40;
inline constexpr std::uint16_t em_x86_64 = 62;
inline constexpr std::uint16_t em_aarch64 = 183;
inline constexpr std::uint16_t em_riscv = 243;
inline constexpr std::uint16_t em_loongarch = 258;

inline constexpr std::uint16_t pn_xnum = 0xffff;    // e_phnum: the count is sh_info of section 0
inline constexpr std::uint16_t shn_xindex = 0xffff; // e_shstrndx: the index is sh_link of section 0
inline constexpr std::uint16_t shn_undef = 0;

inline constexpr std::uint32_t pt_load = 1; // p_type
inline constexpr std::uint32_t pt_dynamic = 2;
inline constexpr std::uint32_t pt_interp = 3;
inline constexpr std::uint32_t pt_note = 4;
inline constexpr std::uint32_t pf_x = 1; // p_flags
inline constexpr std::uint32_t pf_w = 2;
inline constexpr std::uint32_t pf_r = 4;

inline constexpr std::uint32_t sht_null = 0; // sh_type
inline constexpr std::uint32_t sht_symtab = 2;
inline constexpr std::uint32_t sht_strtab = 3;
inline constexpr std::uint32_t sht_rela = 4;
inline constexpr std::uint32_t sht_note = 7;
inline constexpr std::uint32_t sht_nobits = 8;
inline constexpr std::uint32_t sht_rel = 9;
inline constexpr std::uint32_t sht_dynsym = 11;

template <bool BigEndian> struct ElfWord {
    using Half = WireInteger<std::uint16_t, BigEndian>;
    using Word = WireInteger<std::uint32_t, BigEndian>;
    using Wide = WireInteger<std::uint64_t, BigEndian>;
};

// `Address` is Word in ELF32 and Wide in ELF64.
template <bool BigEndian, typename Address> struct ElfHeader {
    std::uint8_t ident[16]; // "\x7f" "ELF", class, data, version, ABI
    typename ElfWord<BigEndian>::Half type;
    typename ElfWord<BigEndian>::Half machine;
    typename ElfWord<BigEndian>::Word version;
    Address entry; // virtual address
    Address phoff; // file offset
    Address shoff; // file offset
    typename ElfWord<BigEndian>::Word flags;
    typename ElfWord<BigEndian>::Half ehsize;
    typename ElfWord<BigEndian>::Half phentsize;
    typename ElfWord<BigEndian>::Half phnum;
    typename ElfWord<BigEndian>::Half shentsize;
    typename ElfWord<BigEndian>::Half shnum;
    typename ElfWord<BigEndian>::Half shstrndx;
};

template <bool BigEndian, typename Address> struct ElfSectionHeader {
    typename ElfWord<BigEndian>::Word name;
    typename ElfWord<BigEndian>::Word type;
    Address flags;
    Address addr;
    Address offset;
    Address size;
    typename ElfWord<BigEndian>::Word link;
    typename ElfWord<BigEndian>::Word info;
    Address addralign;
    Address entsize;
};

template <bool BigEndian> struct Elf32ProgramHeader {
    typename ElfWord<BigEndian>::Word type, offset, vaddr, paddr, filesz, memsz, flags, align;
};
template <bool BigEndian> struct Elf64ProgramHeader {
    typename ElfWord<BigEndian>::Word type, flags;
    typename ElfWord<BigEndian>::Wide offset, vaddr, paddr, filesz, memsz, align;
};

template <bool BigEndian> struct Elf32Symbol {
    typename ElfWord<BigEndian>::Word name, value, size;
    std::uint8_t info, other;
    typename ElfWord<BigEndian>::Half shndx;
};
template <bool BigEndian> struct Elf64Symbol {
    typename ElfWord<BigEndian>::Word name;
    std::uint8_t info, other;
    typename ElfWord<BigEndian>::Half shndx;
    typename ElfWord<BigEndian>::Wide value, size;
};

// Followed by the name and the descriptor, each padded to the note's alignment.
template <bool BigEndian> struct ElfNoteHeader {
    typename ElfWord<BigEndian>::Word namesz; // with its NUL
    typename ElfWord<BigEndian>::Word descsz;
    typename ElfWord<BigEndian>::Word type;
};

// All structures of one class and byte order.
template <bool BigEndian> struct Elf32 {
    using Header = ElfHeader<BigEndian, typename ElfWord<BigEndian>::Word>;
    using ProgramHeader = Elf32ProgramHeader<BigEndian>;
    using SectionHeader = ElfSectionHeader<BigEndian, typename ElfWord<BigEndian>::Word>;
    using Symbol = Elf32Symbol<BigEndian>;
};
template <bool BigEndian> struct Elf64 {
    using Header = ElfHeader<BigEndian, typename ElfWord<BigEndian>::Wide>;
    using ProgramHeader = Elf64ProgramHeader<BigEndian>;
    using SectionHeader = ElfSectionHeader<BigEndian, typename ElfWord<BigEndian>::Wide>;
    using Symbol = Elf64Symbol<BigEndian>;
};

static_assert(sizeof(Elf32<false>::Header) == 52 && sizeof(Elf64<true>::Header) == 64);
static_assert(sizeof(Elf32<false>::ProgramHeader) == 32 && sizeof(Elf64<true>::ProgramHeader) == 56);
static_assert(sizeof(Elf32<false>::SectionHeader) == 40 && sizeof(Elf64<true>::SectionHeader) == 64);
static_assert(sizeof(Elf32<false>::Symbol) == 16 && sizeof(Elf64<true>::Symbol) == 24);
static_assert(sizeof(ElfNoteHeader<false>) == 12);

} // namespace kx::layout
