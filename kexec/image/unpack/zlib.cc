// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/unpack/stream.h"

#include <algorithm>
#include <limits>

#define ZLIB_CONST // const input
#include <zlib.h>

namespace kx {
namespace {

constexpr int gzip_only = 16 + MAX_WBITS;

class Inflate {
public:
    Inflate() { ready_ = inflateInit2(&stream_, gzip_only) == Z_OK; }
    ~Inflate() {
        if (ready_)
            inflateEnd(&stream_);
    }
    Inflate(const Inflate&) = delete;
    Inflate& operator=(const Inflate&) = delete;

    bool ready() const { return ready_; }
    const char* reason() const { return stream_.msg ? stream_.msg : "the data is damaged"; }
    int next_member() { return inflateReset(&stream_); }

    // One step from `packed` at `offset`, which moves on by what was read; the return code of inflate().
    int step(ByteView packed, std::uint64_t& offset, std::span<std::byte> room, std::uint64_t& wrote) {
        constexpr std::uint64_t most = std::numeric_limits<uInt>::max();
        const auto input = packed.bytes().subspan(offset);
        stream_.next_in = reinterpret_cast<const Bytef*>(input.data());
        stream_.avail_in = static_cast<uInt>(std::min<std::uint64_t>(input.size(), most));
        stream_.next_out = reinterpret_cast<Bytef*>(room.data());
        stream_.avail_out = static_cast<uInt>(std::min<std::uint64_t>(room.size(), most));
        const auto given_in = stream_.avail_in;
        const auto given_out = stream_.avail_out;
        const int code = inflate(&stream_, Z_NO_FLUSH);
        offset += given_in - stream_.avail_in;
        wrote = given_out - stream_.avail_out;
        return code;
    }

private:
    z_stream stream_{};
    bool ready_ = false;
};

} // namespace

Result<> unpack_gzip(ByteView packed, UnpackOutput& output) {
    Inflate inflate;
    if (!inflate.ready())
        return fail(Errc::io, "no memory for the decoder");
    std::uint64_t offset = 0;
    for (;;) {
        const auto room = KX_TRY(output.room());
        std::uint64_t wrote = 0;
        const int code = inflate.step(packed, offset, room, wrote);
        output.wrote(wrote);
        if (code == Z_STREAM_END) {
            if (!packed.has(offset, "\x1f\x8b"))
                return {};
            if (inflate.next_member() != Z_OK)
                return fail(Errc::io, "the decoder cannot start again");
        } else if (code == Z_MEM_ERROR) {
            return fail(Errc::io, "no memory for the decoder");
        } else if (code != Z_OK && code != Z_BUF_ERROR) {
            return fail(Errc::malformed, "at offset {:#x}: {}", packed.origin() + offset, inflate.reason());
        } else if (offset == packed.size() && wrote < room.size()) {
            return fail(Errc::malformed, "the data is cut short: it ends at offset {:#x}, inside the stream",
                        packed.origin() + offset);
        }
    }
}

} // namespace kx
