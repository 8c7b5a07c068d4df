// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/vmcore.h"

#include "kdump/dump/dump_notes.h"
#include "layout/elf.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace kx {
namespace {

constexpr std::uint64_t notes_limit = std::uint64_t{64} << 20; // 8192 CPUs have 4 MiB
constexpr std::uint64_t segment_limit = std::uint64_t{1} << 20;

struct ProgramHeader {
    std::uint32_t type;
    std::uint64_t offset, virtual_address, physical_address, file_size, memory_size;
};

// The count of program headers, of which the header itself can tell 65534 at most.
template <typename Format> Result<std::uint64_t> segment_count(const DumpFile& file, const auto& header) {
    if (header.phnum != layout::pn_xnum)
        return std::uint64_t{header.phnum};
    if (header.shoff == 0)
        return fail(Errc::malformed, "e_phnum {:#x} stands for sh_info of section 0, and there are no sections",
                    layout::pn_xnum);
    const auto first = KX_TRY(within("section 0", file.read<typename Format::SectionHeader>(header.shoff)));
    return std::uint64_t{first.info};
}

template <typename Format>
Result<std::vector<ProgramHeader>> read_program_headers(const DumpFile& file, Vmcore& vmcore) {
    using Raw = typename Format::ProgramHeader;
    const auto header = KX_TRY(within("ELF header", file.read<typename Format::Header>(0)));
    if (header.type != layout::et_core)
        return fail(Errc::unsupported, "is an ELF file, but no core file (e_type is {}, not {})",
                    std::uint16_t{header.type}, layout::et_core);
    vmcore.machine = header.machine;
    const auto count = KX_TRY(segment_count<Format>(file, header));
    if (count == 0)
        return fail(Errc::malformed, "has no program headers");
    if (header.phentsize != sizeof(Raw))
        return fail(Errc::malformed, "e_phentsize is {}, not {}", std::uint16_t{header.phentsize}, sizeof(Raw));
    if (count > segment_limit)
        return fail(Errc::malformed, "has {} program headers, more than {}", count, segment_limit);

    const auto table = KX_TRY(within("program headers", file.content(header.phoff, count * sizeof(Raw))));
    std::vector<ProgramHeader> headers;
    headers.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
        Raw raw;
        std::memcpy(&raw, table.data() + i * sizeof(Raw), sizeof(Raw));
        headers.push_back({raw.type, raw.offset, raw.vaddr, raw.paddr, raw.filesz, raw.memsz});
    }
    return headers;
}

// How many of the bytes at `offset` the file has.
std::uint64_t present(const DumpFile& file, std::uint64_t offset, std::uint64_t size) {
    return offset >= file.size() ? 0 : std::min(size, file.size() - offset);
}

// `room`: what may still be read of all of them, so that many over the same bytes are not read again and again.
Result<> add_notes(const DumpFile& file, const ProgramHeader& header, std::uint64_t& room, Vmcore& vmcore) {
    const auto size = present(file, header.offset, header.file_size);
    if (size < header.file_size) {
        vmcore.cut = true;
        return {};
    }
    if (size > room)
        return fail(Errc::malformed, "has more than {:#x} bytes of notes", notes_limit);
    room -= size;
    const auto content = KX_TRY(file.content(header.offset, size));
    const auto used = KX_TRY(used_notes(content));
    vmcore.notes.insert(vmcore.notes.end(), used.begin(), used.end());
    return {};
}

Result<> add_segment(const DumpFile& file, const ProgramHeader& header, Vmcore& vmcore) {
    if (header.memory_size == 0 && header.file_size == 0)
        return {};
    if (header.file_size > header.memory_size)
        return fail(Errc::malformed, "p_filesz {:#x} is larger than p_memsz {:#x}", header.file_size,
                    header.memory_size);
    const auto memory = PhysRange::at(header.physical_address, header.memory_size);
    if (!memory)
        return fail(Errc::malformed, "p_paddr {:#x} + p_memsz {:#x} wraps", header.physical_address,
                    header.memory_size);
    const auto size = present(file, header.offset, header.file_size);
    vmcore.cut |= size < header.file_size;
    vmcore.segments.push_back({*memory, header.virtual_address, header.offset, size});
    return {};
}

// One after the other, by address; of what two segments have the first keeps it.
std::vector<VmcorePiece> disjoint_pieces(std::span<const DumpSegment> segments) {
    std::vector<VmcorePiece> pieces;
    std::uint64_t end = 0;
    for (const DumpSegment& segment : segments) {
        const auto has = PhysRange::at(segment.memory.begin, segment.file_size);
        if (!has || has->end <= end)
            continue;
        const std::uint64_t begin = std::max(has->begin, end);
        pieces.push_back({{begin, has->end}, segment.file_offset + (begin - has->begin)});
        end = has->end;
    }
    return pieces;
}

} // namespace

Result<Vmcore> Vmcore::parse(const DumpFile& file) {
    std::array<std::byte, 16> ident{};
    if (file.size() < ident.size())
        return fail(Errc::not_this_format, "no ELF file: it has only {} bytes", file.size());
    KX_TRY(file.read(0, ident));
    const auto field = [&](std::size_t i) { return std::to_integer<std::uint8_t>(ident[i]); };
    if (field(0) != 0x7f || field(1) != 'E' || field(2) != 'L' || field(3) != 'F')
        return fail(Errc::not_this_format, "no ELF file: the magic is missing");
    if (field(4) != layout::elf_class_32 && field(4) != layout::elf_class_64)
        return fail(Errc::unsupported, "ELF class {} is neither 1 (32 bits) nor 2 (64 bits)", field(4));
    if (field(5) != layout::elf_data_little)
        return fail(Errc::unsupported, "is the dump of a big endian machine (ELF byte order {}), which is not read yet",
                    field(5));

    Vmcore vmcore;
    vmcore.is_64 = field(4) == layout::elf_class_64;
    const auto headers = KX_TRY(vmcore.is_64 ? read_program_headers<layout::Elf64<false>>(file, vmcore)
                                             : read_program_headers<layout::Elf32<false>>(file, vmcore));
    std::uint64_t notes_room = notes_limit;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        const auto where = [i] { return fmt::format("program header {}", i); };
        if (headers[i].type == layout::pt_load)
            KX_TRY(within(where(), add_segment(file, headers[i], vmcore)));
        if (headers[i].type != layout::pt_note)
            continue;
        if (const auto added = within(where(), add_notes(file, headers[i], notes_room, vmcore));
            !added && vmcore.notes_damage.empty())
            vmcore.notes_damage = added.error().message;
    }
    std::sort(vmcore.segments.begin(), vmcore.segments.end(), [](const auto& a, const auto& b) {
        return std::pair(a.memory.begin, a.file_offset) < std::pair(b.memory.begin, b.file_offset);
    });
    vmcore.pieces = disjoint_pieces(vmcore.segments);
    for (const DumpSegment& segment : vmcore.segments)
        vmcore.memory.push_back(segment.memory);
    vmcore.memory = normalized(std::move(vmcore.memory));
    return vmcore;
}

const VmcorePiece* Vmcore::find(std::uint64_t address) const {
    const auto after = std::upper_bound(pieces.begin(), pieces.end(), address,
                                        [](std::uint64_t at, const VmcorePiece& p) { return at < p.memory.begin; });
    if (after == pieces.begin() || !std::prev(after)->memory.contains(address))
        return nullptr;
    return &*std::prev(after);
}

std::unexpected<Error> Vmcore::missing(std::uint64_t address) const {
    for (const PhysRange& range : memory)
        if (range.contains(address))
            return fail(Errc::not_found, "the memory at {:#x} is not in the dump: {}", address,
                        cut ? "the file ends early" : "it was left out");
    return fail(Errc::not_found, "the dump speaks of no memory at {:#x}", address);
}

Result<> Vmcore::read(const DumpFile& file, std::uint64_t address, std::span<std::byte> out) const {
    while (!out.empty()) {
        const VmcorePiece* piece = find(address);
        if (!piece)
            return missing(address);
        const auto part = out.first(std::min<std::uint64_t>(out.size(), piece->memory.end - address));
        KX_TRY(file.read(piece->file_offset + (address - piece->memory.begin), part));
        address += part.size();
        out = out.subspan(part.size());
    }
    return {};
}

std::uint64_t Vmcore::bytes_present() const {
    std::uint64_t sum = 0;
    for (const VmcorePiece& piece : pieces)
        sum += piece.memory.size();
    return sum;
}

bool Vmcore::has(PhysRange page) const {
    for (std::uint64_t at = page.begin; at < page.end;) {
        const VmcorePiece* piece = find(at);
        if (!piece)
            return false;
        at = piece->memory.end;
    }
    return true;
}

} // namespace kx
