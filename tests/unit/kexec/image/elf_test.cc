// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/elf.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/kexec/image/elf_builder.h"

using namespace kx;
using namespace kx::test;

namespace {

using Builder = ElfBuilder<layout::Elf64<false>>;

Builder small_executable() {
    Builder builder;
    builder.load(0x1000, bytes_of("code and data"), 0x2000);
    builder.load(0x4000, bytes_of("more"), 4);
    builder.symbol("handover", 0x1004, 8).symbol("handover_end", 0x100c, 0).symbol("elsewhere", 0, 0, 0);
    builder.note("CORE", 1, "registers").note("VMCOREINFO", 0, "OSRELEASE=6.1");
    return builder;
}

// The message of what `read` refuses in the built file; the file parses before that unless `read` is the parser.
template <typename Read> std::string refusal(Builder& builder, Read read) {
    const auto file = builder.build();
    const auto result = read(as_view(file));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::malformed);
    return result.error().message;
}

auto parsed = [](ByteView file) { return parse_elf(file); };
auto loadable = [](ByteView file) { return loadable_segments(*parse_elf(file)); };
auto symbol_found = [](ByteView file) { return find_symbol(*parse_elf(file), "handover"); };
auto notes_found = [](ByteView file) { return notes_of(*parse_elf(file)); };

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEMPLATE_TEST_CASE("an ELF file of each class and byte order reads alike", "", layout::Elf64<false>,
                   layout::Elf64<true>, layout::Elf32<false>, layout::Elf32<true>) {
    ElfBuilder<TestType> builder;
    builder.machine(layout::em_aarch64).load(0x1000, bytes_of("code"), 0x2000).symbol("handover", 0x1234, 8);
    builder.note("CORE", 7, "abc");
    const auto file = builder.build();

    const auto elf = parse_elf(as_view(file));
    REQUIRE(elf);
    CHECK(elf->is_64 == builder.is_64);
    CHECK(elf->big_endian == builder.big_endian);
    CHECK(elf->type == layout::et_exec);
    CHECK(elf->machine == layout::em_aarch64);
    CHECK(elf->entry == 0x1000);
    REQUIRE(elf->segments.size() == 2);

    const auto segments = loadable_segments(*elf);
    REQUIRE(segments);
    REQUIRE(segments->size() == 1);
    CHECK(segments->front().virtual_address == 0x1000);
    CHECK(segments->front().physical_address == 0x1000);
    CHECK(segments->front().memory_size == 0x2000);
    CHECK(segments->front().flags == layout::pf_r);
    CHECK(segment_content(*elf, segments->front())->has(0, "code"));

    REQUIRE(elf->sections.size() == 4);
    CHECK(*section_name(*elf, elf->sections[1]) == ".symtab");
    const auto symbol = find_symbol(*elf, "handover");
    REQUIRE(symbol);
    REQUIRE(*symbol);
    CHECK((*symbol)->value == 0x1234);
    CHECK((*symbol)->size == 8);

    const auto notes = notes_of(*elf);
    REQUIRE(notes);
    REQUIRE(notes->size() == 1);
    CHECK(notes->front().name == "CORE");
    CHECK(notes->front().type == 7);
    CHECK(notes->front().description.size() == 3);
    CHECK(notes->front().description.has(0, "abc"));
}

TEST_CASE("symbols are found by their whole name, defined ones only") {
    const auto file = small_executable().build();
    const auto elf = parse_elf(as_view(file));
    REQUIRE(elf);
    CHECK((*find_symbol(*elf, "handover"))->value == 0x1004);
    CHECK((*find_symbol(*elf, "handover_end"))->value == 0x100c);
    CHECK_FALSE(*find_symbol(*elf, "hand"));
    CHECK_FALSE(*find_symbol(*elf, "elsewhere"));

    auto stripped = small_executable();
    stripped.patch_header = [](auto& header) { header.shoff = header.shnum = header.shstrndx = std::uint16_t{0}; };
    const auto without = stripped.build();
    const auto found = find_symbol(*parse_elf(as_view(without)), "handover");
    REQUIRE(found);
    CHECK_FALSE(*found);
}

TEST_CASE("notes come in order, and a header of zeros ends them") {
    const auto file = small_executable().build();
    const auto notes = notes_of(*parse_elf(as_view(file)));
    REQUIRE(notes);
    REQUIRE(notes->size() == 2);
    CHECK((*notes)[1].name == "VMCOREINFO");
    CHECK((*notes)[1].name_size == 11);
    CHECK((*notes)[1].description.has(0, "OSRELEASE=6.1"));

    auto content = bytes_of(std::string_view("\x02\0\0\0\x04\0\0\0\x09\0\0\0A\0\0\0desc", 20));
    content.resize(100);
    const auto padded = parse_notes(as_view(content), false, 4);
    REQUIRE(padded);
    REQUIRE(padded->size() == 1);
    CHECK(padded->front().name == "A");
}

TEST_CASE("notes of 8-byte alignment are padded to 8") {
    // 12 + 4 bytes of name end at 16; a descriptor of 4 is padded to 8.
    const auto content = bytes_of(std::string_view("\x04\0\0\0\x04\0\0\0\x05\0\0\0GNU\0\x01\x02\x03\x04\0\0\0\0"
                                                   "\x04\0\0\0\x04\0\0\0\x06\0\0\0GNU\0\x05\x06\x07\x08\0\0\0\0",
                                                   48));
    const auto notes = parse_notes(as_view(content), false, 8);
    REQUIRE(notes);
    REQUIRE(notes->size() == 2);
    CHECK((*notes)[1].type == 6);
    CHECK((*notes)[1].description.has(0, "\x05\x06\x07\x08"));
}

TEST_CASE("a note that runs past its segment is refused") {
    const auto name = bytes_of(std::string_view("\xff\xff\xff\xff\0\0\0\0\x01\0\0\0abcd", 16));
    CHECK_FALSE(parse_notes(as_view(name), false, 4));
    const auto description = bytes_of(std::string_view("\x04\0\0\0\xfc\xff\xff\xff\x01\0\0\0GNU\0", 16));
    CHECK_FALSE(parse_notes(as_view(description), false, 4));
}

TEST_CASE("offsets that wrap are refused") {
    auto builder = small_executable();
    builder.patch_segments = [](auto& segments) { segments[0].offset = UINT64_MAX - 4; };
    CHECK(contains(refusal(builder, loadable), "program header 0"));
    builder.patch_segments = [](auto& segments) {
        segments[0].filesz = UINT64_MAX;
        segments[0].memsz = UINT64_MAX;
        segments[0].vaddr = segments[0].paddr = std::uint64_t{0};
    };
    CHECK(contains(refusal(builder, loadable), "run past the end"));
    builder.patch_segments = [](auto& segments) { segments[2].offset = UINT64_MAX - 4; };
    CHECK(contains(refusal(builder, notes_found), "run past the end"));

    builder = small_executable();
    builder.patch_header = [](auto& header) { header.phoff = UINT64_MAX - 55; };
    CHECK(contains(refusal(builder, parsed), "program headers"));
    builder.patch_header = [](auto& header) { header.shoff = UINT64_MAX - 63; };
    CHECK(contains(refusal(builder, parsed), "section headers"));
}

TEST_CASE("a segment must be loadable as it says") {
    auto builder = small_executable();
    builder.patch_segments = [](auto& segments) { segments[1].memsz = 3u; };
    CHECK(contains(refusal(builder, loadable), "program header 1: p_filesz 0x4 is larger than p_memsz 0x3"));
    builder.patch_segments = [](auto& segments) { segments[0].vaddr = UINT64_MAX - 0xfff; };
    CHECK(contains(refusal(builder, loadable), "wraps"));
    builder.patch_segments = [](auto& segments) { segments[0].paddr = UINT64_MAX - 0x1fff; };
    CHECK(loadable(as_view(builder.build()))); // ends exactly at the last address
    builder.patch_segments = [](auto& segments) { segments[0].type = segments[1].type = layout::pt_note; };
    CHECK(contains(refusal(builder, loadable), "nothing to load"));

    ElfBuilder<layout::Elf32<false>> narrow;
    narrow.load(0xfffff000, bytes_of("x"), 0x1001);
    const auto file = narrow.build();
    CHECK_FALSE(loadable_segments(*parse_elf(as_view(file))));
}

TEST_CASE("an ELF file ends behind its tables, segments and sections, whatever was appended") {
    auto builder = small_executable();
    auto file = builder.build();
    const std::size_t size = file.size();
    file.resize(size + 100);
    CHECK(end_of(*parse_elf(as_view(file))) == size); // section headers last

    const auto end_with = [&](auto patch_header, auto patch_segments, auto patch_sections) {
        builder.patch_header = patch_header;
        builder.patch_segments = patch_segments;
        builder.patch_sections = patch_sections;
        auto patched = builder.build();
        patched.resize(size + 100);
        return end_of(*parse_elf(as_view(patched)));
    };
    const auto as_is = [](auto&) {};
    const auto no_sections = [](auto& header) {
        header.shoff = std::uint64_t{0};
        header.shnum = header.shstrndx = std::uint16_t{0};
    };
    CHECK(end_with(no_sections, as_is, as_is) == size - 4 * 64); // program headers last
    const auto no_tables = [&](auto& header) {
        no_sections(header);
        header.phnum = std::uint16_t{0};
    };
    CHECK(end_with(no_tables, as_is, as_is) == 64);
    const auto segment_last = [&](auto& segments) { segments[0].offset = size + 1; };
    CHECK(end_with(as_is, segment_last, as_is) == size + 1 + std::string_view("code and data").size());
    const auto section_last = [&](auto& sections) {
        sections[1].offset = size + 10;
        sections[1].size = 20u;
        sections[2].offset = sections[0].offset = size + 90;
        sections[2].type = layout::sht_nobits;
        sections[0].size = 5u;
    };
    CHECK(end_with(as_is, as_is, section_last) == size + 30);
    const auto past_the_end = [&](auto& sections) { sections[1].size = UINT64_MAX; };
    CHECK(end_with(as_is, as_is, past_the_end) == size + 100);
}

TEST_CASE("a symbol table that lies is refused") {
    auto builder = small_executable();
    builder.patch_sections = [](auto& sections) { sections[1].link = 9u; };
    CHECK(contains(refusal(builder, symbol_found), "sh_link 9"));
    builder.patch_sections = [](auto& sections) { sections[1].entsize = 0u; };
    CHECK(contains(refusal(builder, symbol_found), "sh_entsize"));
    builder.patch_sections = [](auto& sections) { sections[1].size = UINT64_MAX; };
    CHECK(contains(refusal(builder, symbol_found), "run past the end"));
    builder.patch_sections = [](auto& sections) { sections[2].offset = UINT64_MAX; };
    CHECK(contains(refusal(builder, symbol_found), "symbol names"));
}

TEST_CASE("counts too large for the header come from section 0") {
    auto builder = small_executable();
    builder.patch_header = [](auto& header) {
        header.phnum = layout::pn_xnum;
        header.shnum = std::uint16_t{0};
        header.shstrndx = layout::shn_xindex;
    };
    builder.patch_sections = [](auto& sections) {
        sections[0].info = 3u;
        sections[0].size = 4u;
        sections[0].link = 3u;
    };
    const auto file = builder.build();
    const auto elf = parse_elf(as_view(file));
    REQUIRE(elf);
    CHECK(elf->segments.size() == 3);
    CHECK(elf->sections.size() == 4);
    CHECK(*section_name(*elf, elf->sections[2]) == ".strtab");

    builder.patch_sections = [](auto& sections) { sections[0].info = 0xffffffffu; };
    CHECK_FALSE(parse_elf(as_view(builder.build())));
}

TEST_CASE("headers of another size, class, order or version are refused") {
    auto builder = small_executable();
    builder.patch_header = [](auto& header) { header.phentsize = std::uint16_t{32}; };
    CHECK(contains(refusal(builder, parsed), "e_phentsize is 32, not 56"));
    builder.patch_header = [](auto& header) { header.shentsize = std::uint16_t{40}; };
    CHECK(contains(refusal(builder, parsed), "e_shentsize is 40, not 64"));
    builder.patch_header = [](auto& header) { header.shstrndx = std::uint16_t{4}; };
    CHECK(contains(refusal(builder, parsed), "e_shstrndx 4"));
    for (std::size_t at : {4u, 5u, 6u}) {
        builder.patch_header = [at](auto& header) { header.ident[at] = 3; };
        const auto file = builder.build();
        const auto elf = parse_elf(as_view(file));
        REQUIRE_FALSE(elf);
        CHECK(elf.error().code == Errc::unsupported);
    }
}

TEST_CASE("an ELF file cut anywhere is refused: its section headers stand last") {
    const auto file = small_executable().build();
    for (std::size_t size = 0; size < file.size(); ++size) {
        const std::vector<std::byte> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        INFO("cut to " << size);
        REQUIRE_FALSE(parse_elf(as_view(cut)));
    }
}
