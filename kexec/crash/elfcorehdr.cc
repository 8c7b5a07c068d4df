// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/crash/elfcorehdr.h"

#include "include/layout/elf.h"
#include "kexec/core/shown.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <span>

namespace kx {
namespace {

constexpr std::uint64_t not_mapped = UINT64_MAX;
constexpr std::uint64_t below_4g = std::uint64_t{1} << 32;
constexpr std::uint32_t note_alignment = 4;
constexpr std::uint32_t all_access = layout::pf_r | layout::pf_w | layout::pf_x;

struct Entry {
    std::uint32_t type;
    PhysRange memory;
    std::uint64_t offset;
    std::uint64_t virtual_address;
};

// Where the crash kernel finds `memory`, which is all saved or all left in place.
std::uint64_t offset_of(PhysRange memory, const std::optional<CrashBackup>& backup) {
    const bool saved = backup && backup->source.contains(memory);
    return saved ? backup->destination + (memory.begin - backup->source.begin) : memory.begin;
}

Entry note_of(PhysRange memory, const std::optional<CrashBackup>& backup) {
    return {layout::pt_note, memory, offset_of(memory, backup), 0};
}

// At most three: before, inside and behind what is saved.
void add_memory(std::vector<Entry>& entries, PhysRange memory, const CrashFacts& facts,
                const std::optional<CrashBackup>& backup) {
    const auto add = [&](std::optional<PhysRange> part) {
        if (part)
            entries.push_back({layout::pt_load, *part, offset_of(*part, backup),
                               facts.direct_map ? *facts.direct_map + part->begin : not_mapped});
    };
    if (!backup)
        return add(memory);
    add(memory.clipped_to({0, backup->source.begin}));
    add(memory.clipped_to(backup->source));
    add(memory.clipped_to({backup->source.end, UINT64_MAX}));
}

std::vector<Entry> entries_of(const CrashFacts& facts, const std::optional<CrashBackup>& backup) {
    std::vector<Entry> entries;
    entries.reserve(facts.cpus.size() + facts.memory.size() + 4);
    for (const CrashNotes& notes : facts.cpus)
        entries.push_back(note_of(notes.memory, backup));
    if (!facts.vmcoreinfo.empty())
        entries.push_back(note_of(facts.vmcoreinfo, backup));
    if (facts.text)
        entries.push_back({layout::pt_load, facts.text->memory, facts.text->memory.begin,
                           facts.text->virtual_address.value_or(not_mapped)});
    for (PhysRange memory : facts.memory)
        add_memory(entries, memory, facts, backup);
    return entries;
}

// `Word` is the class's address. ELF32's numbers were checked; only a virtual address may not fit, and becomes all
// ones.
template <typename Layout, typename Word>
std::vector<std::byte> image_of(std::span<const Entry> entries, std::uint16_t machine) {
    using Header = typename Layout::Header;
    using ProgramHeader = typename Layout::ProgramHeader;
    const auto word = [](std::uint64_t value) {
        return static_cast<Word>(std::min<std::uint64_t>(value, std::numeric_limits<Word>::max()));
    };
    Header header{};
    std::memcpy(header.ident,
                "\x7f"
                "ELF",
                4);
    header.ident[4] = sizeof(Word) == 8 ? layout::elf_class_64 : layout::elf_class_32;
    header.ident[5] = layout::elf_data_little;
    header.ident[6] = layout::elf_version_current;
    header.type = layout::et_core;
    header.machine = machine;
    header.version = std::uint32_t{layout::elf_version_current};
    header.phoff = Word{sizeof(Header)};
    header.ehsize = std::uint16_t{sizeof(Header)};
    header.phentsize = std::uint16_t{sizeof(ProgramHeader)};
    header.phnum = static_cast<std::uint16_t>(entries.size());

    std::vector<std::byte> bytes(sizeof(Header) + entries.size() * sizeof(ProgramHeader));
    std::memcpy(bytes.data(), &header, sizeof(header));
    std::byte* out = bytes.data() + sizeof(header);
    for (const Entry& entry : entries) {
        ProgramHeader program{};
        program.type = entry.type;
        program.flags = entry.type == layout::pt_load ? all_access : 0;
        program.offset = word(entry.offset);
        program.vaddr = word(entry.virtual_address);
        program.paddr = word(entry.memory.begin);
        program.filesz = program.memsz = word(entry.memory.size());
        program.align = Word{entry.type == layout::pt_note ? note_alignment : 0};
        std::memcpy(out, &program, sizeof(program));
        out += sizeof(program);
    }
    return bytes;
}

Result<> check_elf32(std::span<const Entry> entries) {
    for (const Entry& entry : entries)
        if (entry.memory.end > below_4g || entry.offset > below_4g - entry.memory.size())
            return fail(Errc::unsupported,
                        "memory at {} lies above 4 GiB, which an ELF32 header cannot tell; leave out "
                        "--elf32-core-headers",
                        shown(entry.memory));
    return {};
}

} // namespace

Result<std::vector<std::byte>> elfcorehdr(const CrashFacts& facts, const std::optional<CrashBackup>& backup,
                                          const ElfcorehdrOptions& options) {
    const std::vector<Entry> entries = entries_of(facts, backup);
    if (entries.size() >= layout::pn_xnum)
        return fail(Errc::unsupported,
                    "this machine has {} CPUs and {} ranges of RAM: the {} program headers that a dump of it needs are "
                    "more than {}, all that an elfcorehdr can count",
                    facts.cpus.size(), facts.memory.size(), entries.size(), layout::pn_xnum - 1);
    if (!options.elf32)
        return image_of<layout::Elf64<false>, std::uint64_t>(entries, facts.architecture->elf->number);
    KX_TRY(check_elf32(entries));
    return image_of<layout::Elf32<false>, std::uint32_t>(entries, facts.architecture->elf->number);
}

std::uint64_t elfcorehdr_size(const CrashFacts& facts, bool elf32) {
    constexpr std::uint64_t split_by_backup = 2;
    const std::uint64_t entries = facts.cpus.size() + 2 + facts.memory.size() + split_by_backup;
    return elf32 ? sizeof(layout::Elf32<false>::Header) + entries * sizeof(layout::Elf32<false>::ProgramHeader)
                 : sizeof(layout::Elf64<false>::Header) + entries * sizeof(layout::Elf64<false>::ProgramHeader);
}

} // namespace kx
