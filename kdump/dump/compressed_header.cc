// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/compressed_header.h"

#include "include/layout/kdump.h"
#include "kdump/dump/architecture.h"

#include <array>
#include <cstring>
#include <string_view>

namespace kx {
namespace {

constexpr std::uint64_t memory_limit = std::uint64_t{1} << 56; // bytes; no processor addresses more

std::string_view text_of(const char (&field)[65]) {
    return {field, strnlen(field, sizeof(field))};
}

Result<> check_signature(const layout::KdumpHeader& header) {
    const std::string_view signature(header.signature, sizeof(header.signature));
    if (signature == "DISKDUMP")
        return fail(Errc::unsupported, "is a dump in the older DISKDUMP format; only KDUMP is read");
    if (signature != layout::kdump_signature)
        return fail(Errc::not_this_format, "no kdump-compressed dump: the signature is missing");
    return {};
}

Result<> check_version(std::uint32_t version) {
    if (version >= 1 && version <= layout::kdump_version_last)
        return {};
    const auto swapped = std::byteswap(version);
    if (swapped >= 1 && swapped <= layout::kdump_version_last)
        return fail(Errc::unsupported, "is the dump of a big endian machine, which is not read yet");
    return fail(Errc::unsupported, "has version {} of the kdump format; known are 1 to {}", version,
                layout::kdump_version_last);
}

// In a 32-bit machine's header the times are shorter: the block size stands 12 bytes earlier.
Result<> check_block_size(const DumpFile& file, std::string_view machine, std::uint64_t size) {
    constexpr std::uint64_t place_of_32_bits = 416;
    if (is_page_size(size))
        return {};
    if (!claimed_by_name(machine).is_64)
        return fail(Errc::unsupported, "is the dump of a 32-bit machine ({}); only those of 64-bit machines are read",
                    machine);
    if (const auto other = file.read<le32>(place_of_32_bits); other && is_page_size(std::uint32_t{*other}))
        return fail(Errc::unsupported,
                    "is the dump of a 32-bit machine, by the layout of its header; only those of 64-bit machines are "
                    "read");
    return fail(Errc::malformed, "its block size is {}: it is a power of two from {} to {}", size, smallest_page,
                largest_page);
}

// The fields that the header's version has; those of later versions are zero.
Result<layout::KdumpSubHeader> read_sub_header(const DumpFile& file, std::uint32_t version, std::uint64_t block_size) {
    constexpr std::array<std::size_t, 7> sizes{8, 12, 32, 48, 64, 80, 104}; // by version
    layout::KdumpSubHeader sub{};
    const auto bytes = std::as_writable_bytes(std::span(&sub, 1));
    KX_TRY(within("sub header", file.read(block_size, bytes.first(sizes[version]))));
    return sub;
}

Result<> check_not_split(const layout::KdumpSubHeader& sub, std::uint32_t version) {
    if (sub.split == 0)
        return {};
    const std::uint64_t begin = version >= 6 ? sub.start_pfn_64 : sub.start_pfn;
    const std::uint64_t end = version >= 6 ? sub.end_pfn_64 : sub.end_pfn;
    return fail(Errc::unsupported,
                "is one part of a split dump (page frames {:#x} to {:#x}): put the parts together first "
                "(makedumpfile --reassemble)",
                begin, end);
}

// `kdump save` writes the header of a flattened dump last. A dump that was cut off before that can still be read: its
// first record begins one block into the dump, which tells the block size, and the sub header tells the rest.
Result<layout::KdumpHeader> header_of_cut(const DumpFile& file, std::uint64_t block_size) {
    const auto missing = [] {
        return fail(Errc::malformed, "is a flattened dump that was cut off before its header, which comes last");
    };
    if (!is_page_size(block_size))
        return missing();
    const auto sub = read_sub_header(file, layout::kdump_version_last, block_size);
    if (!sub || sub->max_mapnr_64 == 0 || sub->end_pfn_64 != sub->max_mapnr_64 || sub->end_pfn != sub->max_mapnr_64)
        return missing();
    const auto blocks_to = [&](std::uint64_t end) { return end / block_size + (end % block_size != 0); };
    const std::uint64_t notes = sub->notes_offset, notes_size = sub->notes_size, frames = sub->max_mapnr_64;
    if (notes > file.size() || notes_size > file.size() - notes || frames > memory_limit / block_size)
        return missing();
    layout::KdumpHeader header{};
    std::memcpy(header.signature, layout::kdump_signature.data(), sizeof header.signature);
    header.version = layout::kdump_version_last;
    header.status = layout::kdump_incomplete;
    header.block_size = static_cast<std::uint32_t>(block_size);
    const std::uint64_t sub_blocks = blocks_to(std::max(block_size + sizeof *sub, notes + notes_size)) - 1;
    header.sub_header_blocks = static_cast<std::uint32_t>(sub_blocks);
    const std::uint64_t bitmap_blocks = 2 * blocks_to((frames + 7) / 8);
    header.bitmap_blocks = static_cast<std::uint32_t>(bitmap_blocks);
    if (file.size() < (1 + sub_blocks + bitmap_blocks) * block_size)
        return missing();
    return header;
}

Result<layout::KdumpHeader> read_header(const DumpFile& file) {
    if (file.cut()) {
        if (const std::uint64_t first = file.data_from(0); first > 0)
            return header_of_cut(file, first);
    }
    return file.read<layout::KdumpHeader>(0);
}

// Both headers tell the count. Should they contradict, the larger one loses no page, if the bitmaps have room for it.
std::uint64_t frames_of(const layout::KdumpHeader& header, const layout::KdumpSubHeader& sub,
                        std::uint64_t bitmap_size) {
    const std::uint64_t narrow = std::uint32_t{header.max_mapnr}, wide = sub.max_mapnr_64;
    return wide == 0 || (narrow > wide && narrow / 8 < bitmap_size) ? narrow : wide;
}

} // namespace

Result<CompressedHeader> parse_compressed_header(const DumpFile& file) {
    if (file.size() < sizeof(layout::KdumpHeader))
        return fail(Errc::not_this_format, "no kdump-compressed dump: it has only {} bytes", file.size());
    const auto header = KX_TRY(read_header(file));
    KX_TRY(check_signature(header));
    const std::uint32_t version = header.version;
    KX_TRY(check_version(version));
    const std::uint64_t block_size = std::uint32_t{header.block_size};
    KX_TRY(check_block_size(file, text_of(header.machine), block_size));
    const auto sub = KX_TRY(read_sub_header(file, version, block_size));
    KX_TRY(check_not_split(sub, version));

    const std::uint64_t bitmaps = (1 + std::uint64_t{header.sub_header_blocks}) * block_size;
    const std::uint64_t bitmap_size = std::uint64_t{header.bitmap_blocks} * block_size / 2;
    const std::uint64_t frames = frames_of(header, sub, bitmap_size);
    if (frames > memory_limit / block_size)
        return fail(Errc::malformed, "it speaks of {:#x} pages of {} bytes, more than a machine has", frames,
                    block_size);
    const std::uint64_t used = frames / 8 + (frames % 8 != 0);
    if (used > bitmap_size)
        return fail(Errc::malformed, "its bitmaps have {:#x} bytes each, too few for {:#x} pages", bitmap_size, frames);
    return CompressedHeader{.version = version,
                            .machine = std::string(text_of(header.machine)),
                            .status = header.status,
                            .block_size = block_size,
                            .frames = frames,
                            .memory_bitmap = {bitmaps, used},
                            .dumped_bitmap = {bitmaps + bitmap_size, used},
                            .descriptors = bitmaps + 2 * bitmap_size,
                            .phys_base = sub.phys_base,
                            .vmcoreinfo = {sub.vmcoreinfo_offset, sub.vmcoreinfo_size},
                            .notes = {sub.notes_offset, sub.notes_size}};
}

} // namespace kx
