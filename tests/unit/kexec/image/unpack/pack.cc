// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/kexec/image/unpack/pack.h"

#include <algorithm>
#include <stdexcept>

#include <bzlib.h>
#include <lz4.h>
#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

namespace kx::test {
namespace {

void require(bool good, const char* what) {
    if (!good)
        throw std::runtime_error(what);
}

std::vector<std::byte> run_lzma(lzma_stream& stream, ByteView content) {
    std::vector<std::byte> packed(content.size() + content.size() / 2 + 1024);
    stream.next_in = reinterpret_cast<const std::uint8_t*>(content.bytes().data());
    stream.avail_in = content.size();
    stream.next_out = reinterpret_cast<std::uint8_t*>(packed.data());
    stream.avail_out = packed.size();
    require(lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END, "lzma_code");
    packed.resize(stream.total_out);
    lzma_end(&stream);
    return packed;
}

} // namespace

std::vector<std::byte> gzip(ByteView content) {
    z_stream stream{};
    require(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK, "deflateInit2");
    std::vector<std::byte> packed(deflateBound(&stream, content.size()));
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(content.bytes().data()));
    stream.avail_in = static_cast<uInt>(content.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate");
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

std::vector<std::byte> zstd(ByteView content, int window_log) {
    std::vector<std::byte> packed(ZSTD_compressBound(content.size()));
    ZSTD_CCtx* context = ZSTD_createCCtx();
    require(context != nullptr, "ZSTD_createCCtx");
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    // As from a pipe: a frame that does not tell its size keeps its window.
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_inBuffer input{content.bytes().data(), content.size(), 0};
    ZSTD_outBuffer output{packed.data(), packed.size(), 0};
    ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue);
    require(ZSTD_compressStream2(context, &output, &input, ZSTD_e_end) == 0, "ZSTD_compressStream2");
    ZSTD_freeCCtx(context);
    packed.resize(output.pos);
    return packed;
}

std::vector<std::byte> xz(ByteView content) {
    lzma_stream stream = LZMA_STREAM_INIT;
    require(lzma_easy_encoder(&stream, 6, LZMA_CHECK_CRC32) == LZMA_OK, "lzma_easy_encoder");
    return run_lzma(stream, content);
}

std::vector<std::byte> lzma(ByteView content) {
    lzma_options_lzma options;
    require(!lzma_lzma_preset(&options, 6), "lzma_lzma_preset");
    lzma_stream stream = LZMA_STREAM_INIT;
    require(lzma_alone_encoder(&stream, &options) == LZMA_OK, "lzma_alone_encoder");
    return run_lzma(stream, content);
}

std::vector<std::byte> lz4(ByteView content) {
    LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    preferences.frameInfo.blockChecksumFlag = LZ4F_blockChecksumEnabled;
    std::vector<std::byte> packed(LZ4F_compressFrameBound(content.size(), &preferences));
    const auto size =
        LZ4F_compressFrame(packed.data(), packed.size(), content.bytes().data(), content.size(), &preferences);
    require(!LZ4F_isError(size), "LZ4F_compressFrame");
    packed.resize(size);
    return packed;
}

std::vector<std::byte> lz4_legacy(ByteView content) {
    constexpr std::uint64_t block_size = 8 << 20;
    std::vector<std::byte> packed;
    const auto put = [&](le32 word) {
        const auto bytes = std::as_bytes(std::span(&word, 1));
        packed.insert(packed.end(), bytes.begin(), bytes.end());
    };
    put(0x184c2102u);
    for (std::uint64_t at = 0; at == 0 || at < content.size(); at += block_size) {
        const auto part = content.bytes().subspan(at, std::min(block_size, content.size() - at));
        std::vector<char> block(LZ4_COMPRESSBOUND(block_size));
        const int size = LZ4_compress_default(reinterpret_cast<const char*>(part.data()), block.data(),
                                              static_cast<int>(part.size()), static_cast<int>(block.size()));
        require(size > 0, "LZ4_compress_default");
        put(static_cast<std::uint32_t>(size));
        const auto bytes = std::as_bytes(std::span(block).first(static_cast<std::size_t>(size)));
        packed.insert(packed.end(), bytes.begin(), bytes.end());
    }
    return packed;
}

std::vector<std::byte> bzip2(ByteView content) {
    auto size = static_cast<unsigned>(content.size() + content.size() / 100 + 600);
    std::vector<std::byte> packed(size);
    auto* source = const_cast<char*>(reinterpret_cast<const char*>(content.bytes().data()));
    char nothing = 0;
    require(BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(packed.data()), &size, source ? source : &nothing,
                                     static_cast<unsigned>(content.size()), 9, 0, 0) == BZ_OK,
            "BZ2_bzBuffToBuffCompress");
    packed.resize(size);
    return packed;
}

} // namespace kx::test
