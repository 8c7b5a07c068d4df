// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever the ELF reader hands out lies inside the file, and what it calls loadable is.
#include "kexec/image/elf.h"

#include "tests/fuzz/invariant.h"

using namespace kx;
using namespace kx::test;

namespace {

void check_segments(const Elf& elf) {
    for (const auto& segment : elf.segments) {
        if (const auto content = segment_content(elf, segment))
            INVARIANT(inside(*content, elf.file) && content->size() == segment.file_size);
    }
    const auto loadable = loadable_segments(elf);
    if (!loadable)
        return;
    INVARIANT(!loadable->empty() && loadable->size() <= elf.segments.size());
    for (const auto& segment : *loadable) {
        INVARIANT(segment.file_size <= segment.memory_size && segment.memory_size > 0);
        INVARIANT(segment.virtual_address + (segment.memory_size - 1) >= segment.virtual_address);
        INVARIANT(segment.physical_address + (segment.memory_size - 1) >= segment.physical_address);
        INVARIANT(segment_content(elf, segment));
    }
}

void check_sections(const Elf& elf) {
    for (const auto& section : elf.sections) {
        if (const auto content = section_content(elf, section))
            INVARIANT(inside(*content, elf.file));
        if (const auto name = section_name(elf, section))
            INVARIANT(name->size() < elf.file.size());
    }
}

void check_notes(const Elf& elf) {
    const auto notes = notes_of(elf);
    if (!notes)
        return;
    for (const auto& note : *notes) {
        INVARIANT(inside(note.description, elf.file));
        INVARIANT(note.name.find('\0') == std::string_view::npos);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = fuzz_input(data, size);
    const auto elf = parse_elf(file);
    if (!elf) {
        INVARIANT(!elf.error().message.empty());
        INVARIANT((elf.error().code == Errc::not_this_format) == !is_elf(file));
        return 0;
    }
    INVARIANT(elf->segments.size() <= size && elf->sections.size() <= size);
    check_segments(*elf);
    check_sections(*elf);
    check_notes(*elf);
    for (std::string_view name : {"handover", "_text", ""}) {
        const auto symbol = find_symbol(*elf, name);
        if (symbol && *symbol)
            INVARIANT((*symbol)->section != layout::shn_undef && !elf->sections.empty());
    }
    return 0;
}
