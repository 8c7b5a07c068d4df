// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/sink.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

namespace kx {
namespace {

constexpr std::size_t out_size = std::size_t{1} << 20;

// Where a compressor gives what it made.
struct Frame {
    // False where the library or the stream failed. `last` ends the frame.
    using Compress = std::function<bool(Frame& frame, std::span<const std::byte> bytes, bool last)>;

    Sink stream;
    Compress compress;
    std::vector<std::byte> out = std::vector<std::byte>(out_size);
    std::uint64_t at = 0;    // in the stream
    std::uint64_t taken = 0; // bytes of the dump
    std::optional<Error> error;

    bool give(std::size_t size) {
        if (size == 0)
            return true;
        Written written = stream.write_at(at, std::span(out).first(size));
        at += written.bytes;
        error = std::move(written.error);
        return !error;
    }
    bool broken(const char* library, const char* why) {
        error = Error{Errc::io, fmt::format("{}: {}", library, why)};
        return false;
    }
};

class ZstdCompressor {
public:
    explicit ZstdCompressor(unsigned threads) : context_(ZSTD_createCCtx()) {
        ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, 1);
        ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 1);
        // A library without threads refuses; then it works in this thread.
        ZSTD_CCtx_setParameter(context_, ZSTD_c_nbWorkers, threads > 1 ? static_cast<int>(threads) : 0);
    }
    ZstdCompressor(const ZstdCompressor&) = delete;
    ZstdCompressor& operator=(const ZstdCompressor&) = delete;
    ~ZstdCompressor() { ZSTD_freeCCtx(context_); }

    bool compress(Frame& frame, std::span<const std::byte> bytes, bool last) {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        for (;;) {
            ZSTD_outBuffer out{frame.out.data(), frame.out.size(), 0};
            const std::size_t left = ZSTD_compressStream2(context_, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
            if (ZSTD_isError(left))
                return frame.broken("zstd", ZSTD_getErrorName(left));
            if (!frame.give(out.pos))
                return false;
            if (last ? left == 0 : in.pos == in.size)
                return true;
        }
    }

private:
    ZSTD_CCtx* context_;
};

class GzipCompressor {
public:
    GzipCompressor() {
        made_ =
            deflateInit2(&deflate_, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK; // 16: with gzip's header
    }
    GzipCompressor(const GzipCompressor&) = delete;
    GzipCompressor& operator=(const GzipCompressor&) = delete;
    ~GzipCompressor() {
        if (made_)
            deflateEnd(&deflate_);
    }

    bool compress(Frame& frame, std::span<const std::byte> bytes, bool last) {
        if (!made_)
            return frame.broken("zlib", "no memory");
        deflate_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
        deflate_.avail_in = static_cast<uInt>(bytes.size()); // write_at gives at most a piece
        for (;;) {
            deflate_.next_out = reinterpret_cast<Bytef*>(frame.out.data());
            deflate_.avail_out = static_cast<uInt>(frame.out.size());
            const int state = deflate(&deflate_, last ? Z_FINISH : Z_NO_FLUSH);
            if (!frame.give(frame.out.size() - deflate_.avail_out))
                return false;
            if (last ? state == Z_STREAM_END : deflate_.avail_in == 0 && deflate_.avail_out != 0)
                return true;
        }
    }

private:
    z_stream deflate_{};
    bool made_ = false;
};

class Lz4Compressor {
public:
    Lz4Compressor() {
        LZ4F_createCompressionContext(&context_, LZ4F_VERSION);
        preferences_.frameInfo.blockSizeID = LZ4F_max256KB;
        preferences_.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    }
    Lz4Compressor(const Lz4Compressor&) = delete;
    Lz4Compressor& operator=(const Lz4Compressor&) = delete;
    ~Lz4Compressor() { LZ4F_freeCompressionContext(context_); }

    bool compress(Frame& frame, std::span<const std::byte> bytes, bool last) {
        if (!context_)
            return frame.broken("lz4", "no memory");
        if (!begun_ && !took(frame, LZ4F_compressBegin(context_, frame.out.data(), frame.out.size(), &preferences_)))
            return false;
        begun_ = true;
        constexpr std::size_t piece = std::size_t{256} << 10; // its bound is below out_size
        for (; !bytes.empty(); bytes = bytes.subspan(std::min(piece, bytes.size()))) {
            const auto part = bytes.first(std::min(piece, bytes.size()));
            if (!took(frame, LZ4F_compressUpdate(context_, frame.out.data(), frame.out.size(), part.data(), part.size(),
                                                 nullptr)))
                return false;
        }
        return !last || took(frame, LZ4F_compressEnd(context_, frame.out.data(), frame.out.size(), nullptr));
    }

private:
    static bool took(Frame& frame, std::size_t size) {
        return LZ4F_isError(size) ? frame.broken("lz4", LZ4F_getErrorName(size)) : frame.give(size);
    }

    LZ4F_cctx* context_ = nullptr;
    LZ4F_preferences_t preferences_{};
    bool begun_ = false;
};

template <typename Compressor> Frame::Compress compress_by(std::shared_ptr<Compressor> compressor) {
    return [compressor = std::move(compressor)](Frame& frame, std::span<const std::byte> bytes, bool last) {
        return compressor->compress(frame, bytes, last);
    };
}

Written take(Frame& frame, std::span<const std::byte> bytes) {
    if (!frame.error && frame.compress(frame, bytes, false))
        frame.taken += bytes.size();
    return {frame.error ? 0 : bytes.size(), frame.error};
}

// Zeros up to this offset in the dump.
Written fill(Frame& frame, std::uint64_t offset) {
    static constexpr std::array<std::byte, 65536> zeros{};
    if (offset < frame.taken)
        return {0,
                Error{Errc::io, fmt::format("a compressed stream cannot go back from {} to {}", frame.taken, offset)}};
    while (frame.taken < offset) {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), offset - frame.taken));
        if (Written written = take(frame, std::span(zeros).first(n)); written.error)
            return written;
    }
    return {};
}

} // namespace

Result<Sink> frame_sink(Sink stream, FrameFormat format, unsigned threads) {
    auto frame = std::make_shared<Frame>();
    frame->stream = std::move(stream);
    switch (format) {
    case FrameFormat::zstd:
        frame->compress = compress_by(std::make_shared<ZstdCompressor>(threads));
        break;
    case FrameFormat::gzip:
        frame->compress = compress_by(std::make_shared<GzipCompressor>());
        break;
    case FrameFormat::lz4:
        frame->compress = compress_by(std::make_shared<Lz4Compressor>());
        break;
    }
    Sink sink;
    sink.sequential = true;
    sink.write_at = [frame](std::uint64_t offset, std::span<const std::byte> bytes) {
        if (Written gap = fill(*frame, offset); gap.error)
            return Written{0, std::move(gap.error)};
        return take(*frame, bytes);
    };
    sink.reserve = [](std::uint64_t, std::uint64_t size) { return Written{size, std::nullopt}; };
    sink.discard = frame->stream.discard;
    // Every frame ends with a checksum: one whose end is on the disk before the rest of it cannot be taken for whole.
    sink.finish = [frame](std::uint64_t size) -> Result<> {
        if (Written gap = fill(*frame, size); gap.error)
            return std::unexpected(std::move(*gap.error));
        if (!frame->compress(*frame, {}, true))
            return std::unexpected(*frame->error);
        return frame->stream.finish(frame->at);
    };
    return sink;
}

} // namespace kx
