// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/elf.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::string_view elf_magic("\x7f"
                                     "ELF");

template <typename Raw> ElfSegment segment_from(const Raw& raw) {
    return {.type = raw.type,
            .flags = raw.flags,
            .offset = raw.offset,
            .virtual_address = raw.vaddr,
            .physical_address = raw.paddr,
            .file_size = raw.filesz,
            .memory_size = raw.memsz,
            .alignment = raw.align};
}

template <typename Raw> ElfSection section_from(const Raw& raw) {
    return {.name = raw.name,
            .type = raw.type,
            .flags = raw.flags,
            .address = raw.addr,
            .offset = raw.offset,
            .size = raw.size,
            .link = raw.link,
            .info = raw.info,
            .alignment = raw.addralign,
            .entry_size = raw.entsize};
}

Result<> check_entry_size(std::string_view field, std::uint64_t found, std::uint64_t right) {
    if (found != right)
        return fail(Errc::malformed, "{} is {}, not {}", field, found, right);
    return {};
}

template <typename Format> Result<std::vector<ElfSection>> sections_of(ByteView file, const auto& header) {
    using Raw = typename Format::SectionHeader;
    if (header.shoff == 0)
        return std::vector<ElfSection>{};
    KX_TRY(check_entry_size("e_shentsize", header.shentsize, sizeof(Raw)));
    std::uint64_t count = header.shnum;
    if (count == 0)
        count = KX_TRY(file.read<Raw>(header.shoff)).size;
    std::vector<ElfSection> sections;
    for (const auto& raw : KX_TRY(file.table<Raw>(header.shoff, count)))
        sections.push_back(section_from(raw));
    return sections;
}

template <typename Format>
Result<std::vector<ElfSegment>> segments_of(ByteView file, const auto& header,
                                            const std::vector<ElfSection>& sections) {
    using Raw = typename Format::ProgramHeader;
    std::uint64_t count = header.phnum;
    if (count == layout::pn_xnum) {
        if (sections.empty())
            return fail(Errc::malformed, "e_phnum {:#x} stands for sh_info of section 0, and there are no sections",
                        count);
        count = sections[0].info;
    }
    if (count == 0)
        return std::vector<ElfSegment>{};
    KX_TRY(check_entry_size("e_phentsize", header.phentsize, sizeof(Raw)));
    std::vector<ElfSegment> segments;
    for (const auto& raw : KX_TRY(file.table<Raw>(header.phoff, count)))
        segments.push_back(segment_from(raw));
    return segments;
}

// Both tables were read, so that neither end wraps.
template <typename Format>
std::uint64_t headers_end_of(const auto& header, std::size_t segments, std::size_t sections) {
    const std::uint64_t segments_end = segments ? header.phoff + segments * sizeof(typename Format::ProgramHeader) : 0;
    const std::uint64_t sections_end = sections ? header.shoff + sections * sizeof(typename Format::SectionHeader) : 0;
    return std::max({std::uint64_t{sizeof(header)}, segments_end, sections_end});
}

Result<std::uint32_t> section_names_of(std::uint16_t index, const std::vector<ElfSection>& sections) {
    const std::uint32_t names = index == layout::shn_xindex && !sections.empty() ? sections[0].link : index;
    if (names != 0 && names >= sections.size())
        return fail(Errc::malformed, "e_shstrndx {} is past the last of {} sections", names, sections.size());
    return names;
}

template <typename Format> Result<Elf> parse(ByteView file, bool is_64, bool big_endian) {
    const auto header = KX_TRY(within("ELF header", file.read<typename Format::Header>(0)));
    auto sections = KX_TRY(within("section headers", sections_of<Format>(file, header)));
    auto segments = KX_TRY(within("program headers", segments_of<Format>(file, header, sections)));
    const auto names = KX_TRY(section_names_of(header.shstrndx, sections));
    const auto headers_end = headers_end_of<Format>(header, segments.size(), sections.size());
    return Elf{.file = file,
               .is_64 = is_64,
               .big_endian = big_endian,
               .type = header.type,
               .machine = header.machine,
               .flags = header.flags,
               .entry = header.entry,
               .segments = std::move(segments),
               .sections = std::move(sections),
               .section_names = names,
               .headers_end = headers_end};
}

Result<> check_loadable(const Elf& elf, const ElfSegment& segment) {
    const std::uint64_t address_end = elf.is_64 ? UINT64_MAX : UINT32_MAX;
    if (segment.file_size > segment.memory_size)
        return fail(Errc::malformed, "p_filesz {:#x} is larger than p_memsz {:#x}", segment.file_size,
                    segment.memory_size);
    for (std::uint64_t address : {segment.virtual_address, segment.physical_address}) {
        if (segment.memory_size && segment.memory_size - 1 > address_end - address)
            return fail(Errc::malformed, "address {:#x} + p_memsz {:#x} wraps", address, segment.memory_size);
    }
    KX_TRY(segment_content(elf, segment));
    return {};
}

template <typename Raw>
Result<std::optional<ElfSymbol>> find_in_table(const Elf& elf, const ElfSection& table, std::string_view name) {
    KX_TRY(check_entry_size("sh_entsize of the symbols", table.entry_size, sizeof(Raw)));
    if (table.link >= elf.sections.size())
        return fail(Errc::malformed, "sh_link {} of the symbols is past the last of {} sections", table.link,
                    elf.sections.size());
    const auto names = KX_TRY(within("symbol names", section_content(elf, elf.sections[table.link])));
    const auto symbols = KX_TRY(within("symbols", section_content(elf, table)));
    for (std::uint64_t i = 0; i < symbols.size() / sizeof(Raw); ++i) {
        const auto raw = KX_TRY(symbols.read<Raw>(i * sizeof(Raw)));
        if (raw.shndx == layout::shn_undef || !names.has(raw.name, name) ||
            !names.has(raw.name + name.size(), std::string_view("\0", 1)))
            continue;
        return ElfSymbol{.value = raw.value, .size = raw.size, .info = raw.info, .section = raw.shndx};
    }
    return std::nullopt;
}

Result<std::optional<ElfSymbol>> find_in(const Elf& elf, const ElfSection& table, std::string_view name) {
    if (elf.is_64)
        return elf.big_endian ? find_in_table<layout::Elf64Symbol<true>>(elf, table, name)
                              : find_in_table<layout::Elf64Symbol<false>>(elf, table, name);
    return elf.big_endian ? find_in_table<layout::Elf32Symbol<true>>(elf, table, name)
                          : find_in_table<layout::Elf32Symbol<false>>(elf, table, name);
}

template <bool BigEndian> Result<std::vector<ElfNote>> notes_in(ByteView content, std::uint64_t alignment) {
    using Header = layout::ElfNoteHeader<BigEndian>;
    const auto padded = [&](std::uint64_t size) { return (size + alignment - 1) / alignment * alignment; };
    std::vector<ElfNote> notes;
    for (std::uint64_t at = 0; content.size() - at >= sizeof(Header);) {
        const auto header = KX_TRY(content.read<Header>(at));
        if (header.namesz == 0 && header.descsz == 0 && header.type == 0)
            break;
        const auto name = KX_TRY(within("note name", content.slice(at + sizeof(Header), header.namesz)));
        // The descriptor begins at an aligned offset of the note, header included.
        const std::uint64_t description_at = at + padded(sizeof(Header) + header.namesz);
        const auto description = KX_TRY(within("note", content.slice(description_at, header.descsz)));
        std::string_view text(reinterpret_cast<const char*>(name.bytes().data()), name.size());
        notes.push_back({.name = text.substr(0, text.find('\0')),
                         .name_size = header.namesz,
                         .type = header.type,
                         .description = description});
        at = std::min(description_at + padded(header.descsz), content.size());
    }
    return notes;
}

} // namespace

bool is_elf(ByteView file) {
    return file.has(0, elf_magic);
}

Result<Elf> parse_elf(ByteView file) {
    if (!is_elf(file))
        return fail(Errc::not_this_format, "no ELF file: the magic is missing");
    const auto ident = KX_TRY(within("ELF header", file.slice(0, 16))).bytes();
    const auto file_class = std::to_integer<std::uint8_t>(ident[4]);
    const auto data = std::to_integer<std::uint8_t>(ident[5]);
    const auto version = std::to_integer<std::uint8_t>(ident[6]);
    const bool is_64 = file_class == layout::elf_class_64;
    const bool big_endian = data == layout::elf_data_big;
    if (!is_64 && file_class != layout::elf_class_32)
        return fail(Errc::unsupported, "ELF class {} is neither 1 (32 bits) nor 2 (64 bits)", file_class);
    if (!big_endian && data != layout::elf_data_little)
        return fail(Errc::unsupported, "ELF byte order {} is neither 1 (little) nor 2 (big)", data);
    if (version != layout::elf_version_current)
        return fail(Errc::unsupported, "ELF version {} is not 1", version);
    if (is_64)
        return big_endian ? parse<layout::Elf64<true>>(file, is_64, big_endian)
                          : parse<layout::Elf64<false>>(file, is_64, big_endian);
    return big_endian ? parse<layout::Elf32<true>>(file, is_64, big_endian)
                      : parse<layout::Elf32<false>>(file, is_64, big_endian);
}

std::uint64_t end_of(const Elf& elf) {
    const std::uint64_t file_size = elf.file.size();
    std::uint64_t end = elf.headers_end;
    const auto extend = [&](std::uint64_t offset, std::uint64_t size) {
        if (size != 0)
            end = std::max(end, size > file_size || offset > file_size - size ? file_size : offset + size);
    };
    for (const ElfSegment& segment : elf.segments)
        extend(segment.offset, segment.file_size);
    for (const ElfSection& section : elf.sections) {
        if (section.type != layout::sht_null && section.type != layout::sht_nobits)
            extend(section.offset, section.size);
    }
    return end;
}

Result<ByteView> segment_content(const Elf& elf, const ElfSegment& segment) {
    return within("ELF segment", elf.file.slice(segment.offset, segment.file_size));
}

Result<ByteView> section_content(const Elf& elf, const ElfSection& section) {
    if (section.type == layout::sht_nobits)
        return ByteView{};
    return within("ELF section", elf.file.slice(section.offset, section.size));
}

Result<std::string_view> section_name(const Elf& elf, const ElfSection& section) {
    if (elf.section_names == 0)
        return std::string_view{};
    const auto names = KX_TRY(section_content(elf, elf.sections[elf.section_names]));
    return within("section name", names.text(section.name, names.size()));
}

Result<std::vector<ElfSegment>> loadable_segments(const Elf& elf) {
    std::vector<ElfSegment> loadable;
    for (std::size_t i = 0; i < elf.segments.size(); ++i) {
        const auto& segment = elf.segments[i];
        if (segment.type != layout::pt_load || (segment.memory_size == 0 && segment.file_size == 0))
            continue;
        KX_TRY(within(fmt::format("program header {}", i), check_loadable(elf, segment)));
        loadable.push_back(segment);
    }
    if (loadable.empty())
        return fail(Errc::malformed, "the ELF file has nothing to load: no PT_LOAD with memory");
    return loadable;
}

Result<std::optional<ElfSymbol>> find_symbol(const Elf& elf, std::string_view name) {
    for (std::uint32_t type : {layout::sht_symtab, layout::sht_dynsym}) {
        for (const auto& section : elf.sections) {
            if (section.type != type)
                continue;
            if (auto symbol = KX_TRY(find_in(elf, section, name)))
                return symbol;
        }
    }
    return std::nullopt;
}

Result<std::vector<ElfNote>> parse_notes(ByteView content, bool big_endian, std::uint64_t alignment) {
    const std::uint64_t padding = alignment == 8 ? 8 : 4;
    return big_endian ? notes_in<true>(content, padding) : notes_in<false>(content, padding);
}

Result<std::vector<ElfNote>> notes_of(const Elf& elf) {
    std::vector<ElfNote> notes;
    for (const auto& segment : elf.segments) {
        if (segment.type != layout::pt_note)
            continue;
        const auto content = KX_TRY(segment_content(elf, segment));
        const auto found = KX_TRY(parse_notes(content, elf.big_endian, segment.alignment));
        notes.insert(notes.end(), found.begin(), found.end());
    }
    return notes;
}

} // namespace kx
