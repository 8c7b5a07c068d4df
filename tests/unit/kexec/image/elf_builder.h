// SPDX-License-Identifier: GPL-2.0-or-later
// Synthetic ELF files of either class and byte order:
//
//     ElfBuilder<layout::Elf64<false>> elf;
//     elf.load(0x1000, bytes_of("code"), 0x2000).symbol("handover", 0x1004, 8);
//     auto file = elf.build();
//
// `patch…` members get the last word on any header, so that a test can lie.
#pragma once

#include "include/layout/elf.h"

#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace kx::test {

template <typename Format> class ElfBuilder {
public:
    using Header = typename Format::Header;
    using ProgramHeader = typename Format::ProgramHeader;
    using SectionHeader = typename Format::SectionHeader;
    using Symbol = typename Format::Symbol;
    static constexpr bool is_64 = sizeof(Header) == 64;
    static constexpr bool big_endian = std::is_same_v<decltype(Header::type), be16>;

    std::function<void(Header&)> patch_header = [](Header&) {};
    std::function<void(std::vector<ProgramHeader>&)> patch_segments = [](auto&) {};
    std::function<void(std::vector<SectionHeader>&)> patch_sections = [](auto&) {};

    ElfBuilder& machine(std::uint16_t value) {
        machine_ = value;
        return *this;
    }
    // A PT_LOAD at the same virtual and physical address.
    ElfBuilder& load(std::uint32_t address, std::vector<std::byte> content, std::uint32_t memory_size) {
        return add(layout::pt_load, address, std::move(content), memory_size);
    }
    ElfBuilder& note(std::string_view name, std::uint32_t type, std::string_view description) {
        layout::ElfNoteHeader<big_endian> header{};
        header.namesz = static_cast<std::uint32_t>(name.size() + 1);
        header.descsz = static_cast<std::uint32_t>(description.size());
        header.type = type;
        put(notes_, &header, sizeof(header));
        put(notes_, name.data(), name.size());
        notes_.resize((notes_.size() + 1 + 3) / 4 * 4);
        put(notes_, description.data(), description.size());
        notes_.resize((notes_.size() + 3) / 4 * 4);
        return *this;
    }
    ElfBuilder& symbol(std::string_view name, std::uint32_t value, std::uint32_t size, std::uint16_t section = 1) {
        Symbol symbol{};
        symbol.name = static_cast<std::uint32_t>(names_.size());
        symbol.value = value;
        symbol.size = size;
        symbol.shndx = section;
        symbols_.push_back(symbol);
        names_.append(name).push_back('\0');
        return *this;
    }

    std::vector<std::byte> build() {
        const auto without_notes = segments_;
        if (!notes_.empty())
            add(layout::pt_note, 0, notes_, 0);
        const auto segments = std::exchange(segments_, without_notes);

        std::vector<std::byte> file(sizeof(Header));
        std::vector<ProgramHeader> program_headers;
        for (const auto& [header, content] : segments) {
            program_headers.push_back(header);
            program_headers.back().offset = static_cast<std::uint32_t>(file.size());
            put(file, content.data(), content.size());
        }

        const std::string section_names("\0.symtab\0.strtab\0.shstrtab\0", 27);
        std::vector<SectionHeader> sections(4);
        set_section(sections[1], 1, layout::sht_symtab, file.size(), symbols_.size() * sizeof(Symbol));
        sections[1].link = 2u;
        sections[1].entsize = static_cast<std::uint32_t>(sizeof(Symbol));
        put(file, symbols_.data(), symbols_.size() * sizeof(Symbol));
        set_section(sections[2], 9, layout::sht_strtab, file.size(), names_.size());
        put(file, names_.data(), names_.size());
        set_section(sections[3], 17, layout::sht_strtab, file.size(), section_names.size());
        put(file, section_names.data(), section_names.size());

        Header header{};
        std::memcpy(header.ident,
                    "\x7f"
                    "ELF",
                    4);
        header.ident[4] = is_64 ? layout::elf_class_64 : layout::elf_class_32;
        header.ident[5] = big_endian ? layout::elf_data_big : layout::elf_data_little;
        header.ident[6] = layout::elf_version_current;
        header.type = layout::et_exec;
        header.machine = machine_;
        header.version = 1u;
        header.entry = 0x1000u;
        header.ehsize = std::uint16_t{sizeof(Header)};
        header.phentsize = std::uint16_t{sizeof(ProgramHeader)};
        header.phnum = static_cast<std::uint16_t>(program_headers.size());
        header.shentsize = std::uint16_t{sizeof(SectionHeader)};
        header.shnum = std::uint16_t{4};
        header.shstrndx = std::uint16_t{3};
        header.phoff = static_cast<std::uint32_t>(file.size());
        patch_segments(program_headers);
        put(file, program_headers.data(), program_headers.size() * sizeof(ProgramHeader));
        header.shoff = static_cast<std::uint32_t>(file.size());
        patch_sections(sections);
        put(file, sections.data(), sections.size() * sizeof(SectionHeader));
        patch_header(header);
        std::memcpy(file.data(), &header, sizeof(header));
        return file;
    }

private:
    struct Part {
        ProgramHeader header;
        std::vector<std::byte> content;
    };

    ElfBuilder& add(std::uint32_t type, std::uint32_t address, std::vector<std::byte> content, std::uint32_t memory) {
        ProgramHeader header{};
        header.type = type;
        header.flags = layout::pf_r;
        header.vaddr = address;
        header.paddr = address;
        header.filesz = static_cast<std::uint32_t>(content.size());
        header.memsz = memory;
        header.align = 4u;
        segments_.push_back({header, std::move(content)});
        return *this;
    }
    static void set_section(SectionHeader& section, std::uint32_t name, std::uint32_t type, std::size_t offset,
                            std::size_t size) {
        section.name = name;
        section.type = type;
        section.offset = static_cast<std::uint32_t>(offset);
        section.size = static_cast<std::uint32_t>(size);
    }
    static void put(std::vector<std::byte>& to, const void* from, std::size_t size) {
        const auto* bytes = static_cast<const std::byte*>(from);
        to.insert(to.end(), bytes, bytes + size);
    }

    std::uint16_t machine_ = layout::em_x86_64;
    std::vector<Part> segments_;
    std::vector<std::byte> notes_;
    std::vector<Symbol> symbols_ = std::vector<Symbol>(1);
    std::string names_ = std::string(1, '\0');
};

} // namespace kx::test
