// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/unpack/stream.h"

#include <algorithm>
#include <bit>
#include <memory>

#include <zstd.h>
#include <zstd_errors.h>

namespace kx {
namespace {

struct FreeStream {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

constexpr std::uint64_t first_input = 5; // the shortest frame header
constexpr int window_log_max = std::bit_width(decoder_memory_limit / 2) - 1;

// Another frame, or a skippable one (RFC 8878, section 3.1.2).
bool frame_begins(ByteView packed, std::uint64_t offset) {
    const auto magic = packed.read<le32>(offset);
    return magic && (*magic == 0xfd2fb528u || (*magic & 0xfffffff0u) == 0x184d2a50u);
}

Result<> refusal(std::uint64_t offset, std::size_t code) {
    const auto error = ZSTD_getErrorCode(code);
    if (error == ZSTD_error_memory_allocation)
        return fail(Errc::io, "no memory for the decoder");
    if (error == ZSTD_error_frameParameter_windowTooLarge)
        return fail(Errc::unsupported, "at offset {:#x}: the window is larger than {} MiB", offset,
                    decoder_memory_limit >> 21);
    return fail(Errc::malformed, "after offset {:#x}: {}", offset, ZSTD_getErrorName(code));
}

} // namespace

Result<> unpack_zstd(ByteView packed, UnpackOutput& output) {
    const std::unique_ptr<ZSTD_DStream, FreeStream> stream(ZSTD_createDStream());
    if (!stream || ZSTD_isError(ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, window_log_max)))
        return fail(Errc::io, "no memory for the decoder");
    // As much input at a time as zstd asks for, so that a refusal tells the offset to within a block.
    ZSTD_inBuffer input{packed.bytes().data(), 0, 0};
    for (std::uint64_t wanted = first_input;;) {
        input.size = input.pos + std::min<std::uint64_t>(wanted, packed.size() - input.pos);
        const auto room = KX_TRY(output.room());
        ZSTD_outBuffer part{room.data(), room.size(), 0};
        const std::size_t code = ZSTD_decompressStream(stream.get(), &part, &input);
        output.wrote(part.pos);
        const std::uint64_t offset = packed.origin() + input.pos;
        if (ZSTD_isError(code))
            return refusal(offset, code);
        if (code == 0) {
            if (!frame_begins(packed, input.pos))
                return {};
            wanted = first_input;
        } else if (input.pos == packed.size() && part.pos < part.size) {
            return fail(Errc::malformed, "the data is cut short: it ends at offset {:#x}, inside a frame", offset);
        } else {
            wanted = code;
        }
    }
}

} // namespace kx
