// SPDX-License-Identifier: GPL-2.0-or-later
// The linked purgatory, as the program carries it: what include/purgatory_images.h promises about the file.
#include "include/purgatory_block.h"
#include "include/purgatory_images.h"
#include "tests/unit/catch.h"

#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <elf.h>

namespace {

class Image {
public:
    Image(const unsigned char* begin, const unsigned char* end) : bytes_(begin, end) {}

    std::size_t size() const { return bytes_.size(); }

    template <typename T> T read(std::size_t offset) const {
        T value;
        REQUIRE(offset + sizeof value <= bytes_.size());
        std::memcpy(&value, bytes_.data() + offset, sizeof value);
        return value;
    }

    Elf64_Ehdr header() const { return read<Elf64_Ehdr>(0); }

    std::vector<Elf64_Phdr> segments(Elf64_Word type) const {
        std::vector<Elf64_Phdr> found;
        for (std::size_t i = 0; i < header().e_phnum; i++)
            if (auto segment = read<Elf64_Phdr>(header().e_phoff + i * sizeof(Elf64_Phdr)); segment.p_type == type)
                found.push_back(segment);
        return found;
    }

    std::vector<Elf64_Shdr> sections(Elf64_Word type) const {
        std::vector<Elf64_Shdr> found;
        for (std::size_t i = 0; i < header().e_shnum; i++)
            if (auto section = read<Elf64_Shdr>(header().e_shoff + i * sizeof(Elf64_Shdr)); section.sh_type == type)
                found.push_back(section);
        return found;
    }

    std::optional<Elf64_Sym> symbol(const std::string& name) const {
        for (const auto& table : sections(SHT_SYMTAB)) {
            const auto strings = read<Elf64_Shdr>(header().e_shoff + table.sh_link * sizeof(Elf64_Shdr));
            for (std::size_t at = 0; at < table.sh_size; at += sizeof(Elf64_Sym)) {
                const auto candidate = read<Elf64_Sym>(table.sh_offset + at);
                if (name == reinterpret_cast<const char*>(bytes_.data() + strings.sh_offset + candidate.st_name))
                    return candidate;
            }
        }
        return {};
    }

private:
    std::span<const unsigned char> bytes_;
};

void check_promises(const Image& image, Elf64_Half machine) {
    const auto header = image.header();
    CHECK(std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0);
    CHECK(header.e_ident[EI_CLASS] == ELFCLASS64);
    CHECK(header.e_type == ET_DYN);
    CHECK(header.e_machine == machine);

    SECTION("one segment that may be put at any page") {
        REQUIRE(image.segments(PT_LOAD).size() == 1);
        const auto load = image.segments(PT_LOAD)[0];
        CHECK(load.p_vaddr == 0);
        CHECK(load.p_align == 4096);
        CHECK(load.p_memsz % 4096 == 0);
        CHECK(load.p_offset + load.p_filesz <= image.size());
        CHECK(header.e_entry < load.p_filesz);
    }
    SECTION("nothing for a dynamic linker") {
        CHECK(image.sections(SHT_RELA).empty());
        CHECK(image.sections(SHT_REL).empty());
        CHECK(image.sections(SHT_DYNAMIC).empty());
        CHECK(image.segments(PT_DYNAMIC).empty());
        CHECK(image.segments(PT_INTERP).empty());
    }
    SECTION("the purgatory block is where its symbol says, and has our size") {
        const auto symbol = image.symbol("purgatory_block");
        REQUIRE(symbol);
        CHECK(symbol->st_size == sizeof(purgatory_block));
        const auto load = image.segments(PT_LOAD)[0];
        REQUIRE(symbol->st_value + symbol->st_size <= load.p_filesz);
        const auto block = image.read<purgatory_block>(load.p_offset + symbol->st_value);
        CHECK(block.magic == 0);
        CHECK(block.size == sizeof(purgatory_block));
    }
    SECTION("the entry is purgatory_start") {
        const auto symbol = image.symbol("purgatory_start");
        REQUIRE(symbol);
        CHECK(symbol->st_value == header.e_entry);
    }
    SECTION("every symbol is defined") {
        const auto table = image.sections(SHT_SYMTAB).at(0);
        for (std::size_t at = sizeof(Elf64_Sym); at < table.sh_size; at += sizeof(Elf64_Sym))
            CHECK(image.read<Elf64_Sym>(table.sh_offset + at).st_shndx != SHN_UNDEF);
    }
}

} // namespace

TEST_CASE("the x86-64 purgatory keeps what purgatory.h promises") {
    const Image image(purgatory_x86_64_begin, purgatory_x86_64_end);
#ifdef __x86_64__
    REQUIRE(image.size() > 0);
#endif
    if (image.size() > 0)
        check_promises(image, EM_X86_64);
}
