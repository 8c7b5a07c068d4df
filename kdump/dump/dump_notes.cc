// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/dump_notes.h"

#include "image/elf.h"
#include "layout/elf.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::uint32_t nt_prstatus = 1;
// pr_pid in struct elf_prstatus: behind siginfo, the current signal and two sets of signals. A 64-bit kernel's
// structure has 336 bytes or more (x86-64), a 32-bit kernel's 268 or less (powerpc).
constexpr std::uint64_t smallest_64 = 300;
constexpr std::uint64_t pid_offset_64 = 32;
constexpr std::uint64_t pid_offset_32 = 24;

// Where the next note begins.
std::uint64_t end_of(const ElfNote& note, std::uint64_t notes_size) {
    return std::min(notes_size, (note.description.origin() + note.description.size() + 3) / 4 * 4);
}

} // namespace

Result<DumpNotes> parse_dump_notes(std::span<const std::byte> notes) {
    const ByteView view(notes);
    DumpNotes found;
    std::uint64_t begin = 0;
    for (const ElfNote& note : KX_TRY(within("notes", parse_notes(view, false, 4)))) {
        const std::uint64_t end = end_of(note, view.size());
        if (note.name == "VMCOREINFO") {
            const auto text = note.description.bytes();
            found.vmcoreinfo = {reinterpret_cast<const char*>(text.data()), text.size()};
        } else if (note.name == "CORE" && note.type == nt_prstatus) {
            const bool is_64 = note.description.size() >= smallest_64;
            const auto pid = note.description.read<le32>(is_64 ? pid_offset_64 : pid_offset_32);
            const auto whole = KX_TRY(view.slice(begin, end - begin)).bytes();
            found.cpus.push_back({.index = static_cast<std::uint32_t>(found.cpus.size()),
                                  .pid = pid ? std::uint32_t{*pid} : 0,
                                  .size = static_cast<std::uint32_t>(note.description.size()),
                                  .note = {whole.begin(), whole.end()}});
        }
        begin = end;
    }
    return found;
}

Result<std::span<const std::byte>> used_notes(std::span<const std::byte> notes) {
    const auto found = KX_TRY(within("notes", parse_notes(ByteView(notes), false, 4)));
    return notes.first(found.empty() ? 0 : end_of(found.back(), notes.size()));
}

} // namespace kx
