// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/vmcore.h"

#include "include/layout/elf.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace kx {
namespace {

constexpr std::uint64_t segment_limit = std::uint64_t{1} << 20;

struct ProgramHeader {
    std::uint32_t type;
    std::uint64_t offset, virtual_address, physical_address, file_size, memory_size;
};

// How many program headers there are. The ELF header has room for 65534; of more, the first section header tells.
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
    if (size < header.file_size) {
        vmcore.cut = true;
        vmcore.lost.push_back({memory->begin + size, memory->begin + header.file_size});
    }
    vmcore.segments.push_back({*memory, header.virtual_address, header.offset, size});
    return {};
}

// Sorts the pieces by address and cuts them until none overlaps another: memory that two segments have stays with the
// first of them.
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

// The range that has this address, out of sorted and disjoint ones; or null.
const PhysRange* range_with(std::span<const PhysRange> ranges, std::uint64_t address) {
    const auto behind = std::ranges::upper_bound(ranges, address, {}, &PhysRange::begin);
    return behind != ranges.begin() && std::prev(behind)->contains(address) ? &*std::prev(behind) : nullptr;
}

std::vector<PhysRange> memory_of(std::span<const VmcorePiece> pieces) {
    std::vector<PhysRange> memory;
    for (const VmcorePiece& piece : pieces)
        memory.push_back(piece.memory);
    return memory;
}

// A file in which several pieces of memory share bytes is damaged or hostile: a small file could claim endless memory.
// Where the pieces share more bytes than the file has, each shared byte stays with the first piece by offset, and the
// others are cut. Returns how many bytes of memory are lost by that.
std::uint64_t drop_shared(std::vector<VmcorePiece>& pieces, std::uint64_t file_size) {
    auto by_offset = pieces;
    std::ranges::sort(by_offset, {}, [](const VmcorePiece& p) { return std::pair(p.file_offset, p.memory.begin); });
    std::uint64_t end = 0, shared = 0;
    for (VmcorePiece& piece : by_offset) {
        const std::uint64_t size = piece.memory.size();
        const std::uint64_t twice = piece.file_offset < end ? std::min(size, end - piece.file_offset) : 0;
        end = std::max(end, piece.file_offset + size);
        shared += twice;
        piece.memory.begin += twice;
        piece.file_offset += twice;
    }
    if (shared <= file_size)
        return 0;
    std::erase_if(by_offset, [](const VmcorePiece& piece) { return piece.memory.empty(); });
    std::ranges::sort(by_offset, {}, [](const VmcorePiece& p) { return p.memory.begin; });
    pieces = std::move(by_offset);
    return shared;
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
    for (std::size_t i = 0; i < headers.size(); ++i) {
        const auto where = [i] { return fmt::format("program header {}", i); };
        if (headers[i].type == layout::pt_load)
            KX_TRY(within(where(), add_segment(file, headers[i], vmcore)));
        else if (headers[i].type == layout::pt_note)
            vmcore.notes.add(file, {headers[i].offset, headers[i].file_size}, where());
    }
    std::sort(vmcore.segments.begin(), vmcore.segments.end(), [](const auto& a, const auto& b) {
        return std::pair(a.memory.begin, a.file_offset) < std::pair(b.memory.begin, b.file_offset);
    });
    vmcore.pieces = disjoint_pieces(vmcore.segments);
    if (const auto shared = drop_shared(vmcore.pieces, file.file_size()))
        vmcore.damage = fmt::format("its segments give the same bytes of the file for {:#x} bytes of memory too many; "
                                    "these are left out",
                                    shared);
    const auto present = memory_of(vmcore.pieces);
    vmcore.lost = difference(normalized(std::move(vmcore.lost)), present);
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
    if (range_with(memory, address))
        return fail(Errc::not_found, "the memory at {:#x} is not in the dump: {}", address,
                    cut ? "the file ends early" : "it was left out");
    return fail(Errc::not_found, "the dump speaks of no memory at {:#x}", address);
}

Result<> Vmcore::read(const DumpFile& file, std::uint64_t address, std::span<std::byte> out) const {
    while (!out.empty()) {
        const auto behind = std::ranges::upper_bound(pieces, address, {}, [](const auto& p) { return p.memory.begin; });
        const VmcorePiece* piece = behind == pieces.begin() ? nullptr : &*std::prev(behind);
        std::uint64_t until = 0;
        if (piece && piece->memory.contains(address)) {
            until = piece->memory.end;
        } else if (const PhysRange* around = range_with(pages, address)) {
            piece = nullptr;
            until = behind == pieces.end() ? around->end : std::min(around->end, behind->memory.begin);
        } else {
            return missing(address);
        }
        const auto part = out.first(std::min<std::uint64_t>(out.size(), until - address));
        if (piece)
            KX_TRY(file.read(piece->file_offset + (address - piece->memory.begin), part));
        else
            std::ranges::fill(part, std::byte{0});
        address += part.size();
        out = out.subspan(part.size());
    }
    return {};
}

void Vmcore::set_page_size(std::uint64_t size) {
    const auto outwards = [size](std::span<const PhysRange> ranges) {
        std::vector<PhysRange> whole;
        for (const PhysRange& range : ranges)
            whole.push_back(
                {align_down(range.begin, size), align_up(range.end, size).value_or(align_down(range.end, size))});
        return normalized(std::move(whole));
    };
    pages = difference(outwards(memory_of(pieces)), outwards(lost));
}

bool Vmcore::has(PhysRange page) const {
    const PhysRange* range = range_with(pages, page.begin);
    return range && range->contains(page);
}

bool Vmcore::has_data(const DumpFile& file, std::uint64_t bytes) const {
    std::uint64_t found = 0;
    for (const VmcorePiece& piece : pieces) {
        const std::uint64_t end = piece.file_offset + piece.memory.size();
        for (std::uint64_t at = file.data_from(piece.file_offset); at < end && found < bytes; at = file.data_from(at)) {
            const std::uint64_t hole = std::min(end, file.hole_from(at));
            found += hole - at;
            at = hole;
        }
        if (found >= bytes)
            return true;
    }
    return found >= bytes;
}

std::optional<PhysRange> Vmcore::next_present(std::uint64_t from) const {
    const auto range = std::ranges::upper_bound(pages, from, {}, &PhysRange::end);
    if (range == pages.end())
        return std::nullopt;
    return PhysRange{std::max(from, range->begin), range->end};
}

} // namespace kx
