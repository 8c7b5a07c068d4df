// SPDX-License-Identifier: GPL-2.0-or-later
// LZ4 in both its frames (lz4 doc/lz4_Frame_format.md): the one with checksums that `lz4` writes, and the legacy one,
// `lz4 -l`, which kernels are packed in. The legacy one has neither checksum nor end mark.
#include "kexec/image/unpack/stream.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include <lz4.h>
#include <lz4frame.h>

namespace kx {
namespace {

constexpr std::uint32_t legacy_magic = 0x184c2102;
constexpr std::uint32_t frame_magic = 0x184d2204;
constexpr std::uint32_t skippable_magic = 0x184d2a50; // and the 15 after it
constexpr std::uint64_t legacy_block_size = 8 << 20;  // unpacked, at most
constexpr std::uint64_t longest_legacy_block = LZ4_COMPRESSBOUND(legacy_block_size);
constexpr std::uint64_t first_input = LZ4F_MIN_SIZE_TO_KNOW_HEADER_LENGTH;

bool is_magic(std::uint32_t word) {
    return word == legacy_magic || word == frame_magic || (word & 0xfffffff0u) == skippable_magic;
}

bool frame_begins(ByteView packed, std::uint64_t offset) {
    const auto word = packed.read<le32>(offset);
    return word && is_magic(*word);
}

std::unexpected<Error> cut_short(ByteView packed, std::string_view where) {
    return fail(Errc::malformed, "the data is cut short: it ends at offset {:#x}, inside a {}",
                packed.origin() + packed.size(), where);
}

// Whether the blocks of a legacy frame end at `offset`. Only the bytes that follow can tell: the next frame, something
// too long or too short for a block, or the unpacked size that a kernel's build appends.
bool legacy_frame_ends(ByteView packed, std::uint64_t offset, std::uint64_t unpacked_size) {
    const auto rest = packed.bytes().subspan(offset);
    if (rest.size() < sizeof(le32))
        return std::ranges::all_of(rest, [](std::byte byte) { return byte == std::byte{0}; });
    const std::uint32_t word = *packed.read<le32>(offset);
    return word == 0 || word > longest_legacy_block ||
           (rest.size() == sizeof(le32) && word == static_cast<std::uint32_t>(unpacked_size));
}
static_assert(legacy_magic > longest_legacy_block && frame_magic > longest_legacy_block &&
              skippable_magic > longest_legacy_block);

Result<> append(UnpackOutput& output, std::span<const std::byte> content) {
    while (!content.empty()) {
        const auto room = KX_TRY(output.room());
        const auto part = content.first(std::min(content.size(), room.size()));
        std::memcpy(room.data(), part.data(), part.size());
        output.wrote(part.size());
        content = content.subspan(part.size());
    }
    return {};
}

class LegacyBlocks {
public:
    explicit LegacyBlocks(UnpackOutput& output) : output_(output) {}

    // Straight into the output where it has room for any block, else by way of a block of our own.
    Result<> unpack(ByteView block) {
        const auto room = KX_TRY(output_.room());
        if (room.size() >= legacy_block_size) {
            output_.wrote(KX_TRY(decode(block, room.data())));
            return {};
        }
        if (!spare_)
            spare_.reset(new std::byte[legacy_block_size]);
        const auto size = KX_TRY(decode(block, spare_.get()));
        return append(output_, std::span(spare_.get(), size));
    }

private:
    static Result<std::size_t> decode(ByteView block, std::byte* to) {
        const int size =
            LZ4_decompress_safe(reinterpret_cast<const char*>(block.bytes().data()), reinterpret_cast<char*>(to),
                                static_cast<int>(block.size()), static_cast<int>(legacy_block_size));
        if (size < 0)
            return fail(Errc::malformed, "in the block at offset {:#x}: the data is damaged", block.origin());
        return static_cast<std::size_t>(size);
    }

    UnpackOutput& output_;
    std::unique_ptr<std::byte[]> spare_;
};

Result<> unpack_legacy_frame(ByteView packed, std::uint64_t& offset, UnpackOutput& output) {
    LegacyBlocks blocks(output);
    offset += sizeof(le32);
    do {
        const auto length = packed.read<le32>(offset);
        if (!length)
            return cut_short(packed, "legacy frame");
        if (*length > longest_legacy_block)
            return fail(Errc::malformed, "at offset {:#x}: a block of {:#x} bytes; at most {:#x} are possible",
                        packed.origin() + offset, *length, longest_legacy_block);
        const auto block = packed.slice(offset + sizeof(le32), *length);
        if (!block)
            return cut_short(packed, "block");
        KX_TRY(blocks.unpack(*block));
        offset += sizeof(le32) + *length;
    } while (!legacy_frame_ends(packed, offset, output.size()));
    return {};
}

struct FreeContext {
    void operator()(LZ4F_dctx* context) const { LZ4F_freeDecompressionContext(context); }
};

Result<> refusal(std::uint64_t offset, std::size_t code) {
    const std::string_view reason = LZ4F_getErrorName(code);
    if (reason == "ERROR_allocation_failed")
        return fail(Errc::io, "no memory for the decoder");
    return fail(Errc::malformed, "after offset {:#x}: {}", offset, reason);
}

// One frame, or a skippable one. As much input at a time as the library asks for, so that a refusal tells the offset
// to within a block.
Result<> unpack_frame(ByteView packed, std::uint64_t& offset, UnpackOutput& output) {
    LZ4F_dctx* created = nullptr;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&created, LZ4F_VERSION)))
        return fail(Errc::io, "no memory for the decoder");
    const std::unique_ptr<LZ4F_dctx, FreeContext> context(created);
    for (std::size_t wanted = first_input;;) {
        const auto room = KX_TRY(output.room());
        std::size_t wrote = room.size();
        std::size_t read = std::min<std::size_t>(wanted, packed.size() - offset);
        const auto code = LZ4F_decompress(created, room.data(), &wrote, packed.bytes().data() + offset, &read, nullptr);
        if (LZ4F_isError(code))
            return refusal(packed.origin() + offset, code);
        offset += read;
        output.wrote(wrote);
        if (code == 0)
            return {};
        if (offset == packed.size() && wrote < room.size())
            return cut_short(packed, "frame");
        wanted = code;
    }
}

} // namespace

Result<> unpack_lz4(ByteView packed, UnpackOutput& output) {
    for (std::uint64_t offset = 0; frame_begins(packed, offset);) {
        const bool legacy = *packed.read<le32>(offset) == legacy_magic;
        KX_TRY(legacy ? unpack_legacy_frame(packed, offset, output) : unpack_frame(packed, offset, output));
    }
    return {};
}

} // namespace kx
