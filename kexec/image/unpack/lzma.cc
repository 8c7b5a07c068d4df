// SPDX-License-Identifier: GPL-2.0-or-later
// .xz and .lzma ("LZMA alone").
#include "kexec/image/unpack/stream.h"

#include <string_view>

#include <lzma.h>

namespace kx {
namespace {

class LzmaStream {
public:
    explicit LzmaStream(ByteView packed) : packed_(packed) {
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(packed.bytes().data());
        stream_.avail_in = packed.size();
    }
    ~LzmaStream() { lzma_end(&stream_); }
    LzmaStream(const LzmaStream&) = delete;
    LzmaStream& operator=(const LzmaStream&) = delete;

    lzma_stream* get() { return &stream_; }
    std::uint64_t offset() const { return packed_.size() - stream_.avail_in; } // in `packed`

    // Decodes to the end of the stream that was set up.
    Result<> run(UnpackOutput& output) {
        for (;;) {
            const auto room = KX_TRY(output.room());
            stream_.next_out = reinterpret_cast<std::uint8_t*>(room.data());
            stream_.avail_out = room.size();
            const auto code = lzma_code(&stream_, LZMA_RUN);
            output.wrote(room.size() - stream_.avail_out);
            if (code == LZMA_STREAM_END)
                return {};
            if (code != LZMA_OK && code != LZMA_BUF_ERROR)
                return refusal(code);
            if (stream_.avail_in == 0 && stream_.avail_out != 0)
                return fail(Errc::malformed, "the data is cut short: it ends at offset {:#x}, inside the stream",
                            packed_.origin() + packed_.size());
        }
    }

    Result<> refusal(lzma_ret code) const {
        const std::uint64_t at = packed_.origin() + offset();
        switch (code) {
        case LZMA_MEM_ERROR:
            return fail(Errc::io, "no memory for the decoder");
        case LZMA_MEMLIMIT_ERROR:
            return fail(Errc::unsupported, "at offset {:#x}: the dictionary needs more than {} MiB", at,
                        decoder_memory_limit >> 20);
        case LZMA_UNSUPPORTED_CHECK:
        case LZMA_OPTIONS_ERROR:
            return fail(Errc::unsupported, "at offset {:#x}: a filter, check or option that liblzma does not know", at);
        case LZMA_FORMAT_ERROR:
            return fail(Errc::malformed, "at offset {:#x}: no valid stream header", at);
        default:
            return fail(Errc::malformed, "at offset {:#x}: the data is damaged", at);
        }
    }

private:
    ByteView packed_;
    lzma_stream stream_ = LZMA_STREAM_INIT;
};

constexpr std::string_view xz_magic("\xfd\x37zXZ\0", 6);

// Between streams, zeros in groups of four are padding.
std::uint64_t after_padding(ByteView packed, std::uint64_t offset) {
    while (packed.has(offset, std::string_view("\0\0\0\0", 4)))
        offset += 4;
    return offset;
}

} // namespace

Result<> unpack_xz(ByteView packed, UnpackOutput& output) {
    for (std::uint64_t begin = 0; packed.has(begin, xz_magic);) {
        LzmaStream stream(KX_TRY(packed.from(begin)));
        const auto code = lzma_stream_decoder(stream.get(), decoder_memory_limit, LZMA_TELL_UNSUPPORTED_CHECK);
        if (code != LZMA_OK)
            return stream.refusal(code);
        KX_TRY(stream.run(output));
        begin = after_padding(packed, begin + stream.offset());
    }
    return {};
}

Result<> unpack_lzma(ByteView packed, UnpackOutput& output) {
    LzmaStream stream(packed);
    const auto code = lzma_alone_decoder(stream.get(), decoder_memory_limit);
    if (code != LZMA_OK)
        return stream.refusal(code);
    return stream.run(output);
}

} // namespace kx
