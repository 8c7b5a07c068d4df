// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/unpack/stream.h"

#include <algorithm>
#include <limits>
#include <string_view>

#include <bzlib.h>

namespace kx {
namespace {

constexpr std::string_view bzip2_magic = "BZh";

class Bunzip2 {
public:
    Bunzip2() = default;
    ~Bunzip2() { end(); }
    Bunzip2(const Bunzip2&) = delete;
    Bunzip2& operator=(const Bunzip2&) = delete;

    bool next_stream() {
        end();
        ready_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK;
        return ready_;
    }

    // One step from `packed` at `offset`, which moves on by what was read; the return code of BZ2_bzDecompress().
    int step(ByteView packed, std::uint64_t& offset, std::span<std::byte> room, std::uint64_t& wrote) {
        constexpr std::uint64_t most = std::numeric_limits<unsigned>::max();
        const auto input = packed.bytes().subspan(offset);
        stream_.next_in = const_cast<char*>(reinterpret_cast<const char*>(input.data()));
        stream_.avail_in = static_cast<unsigned>(std::min<std::uint64_t>(input.size(), most));
        stream_.next_out = reinterpret_cast<char*>(room.data());
        stream_.avail_out = static_cast<unsigned>(std::min<std::uint64_t>(room.size(), most));
        const auto given_in = stream_.avail_in;
        const auto given_out = stream_.avail_out;
        const int code = BZ2_bzDecompress(&stream_);
        offset += given_in - stream_.avail_in;
        wrote = given_out - stream_.avail_out;
        return code;
    }

private:
    void end() {
        if (ready_)
            BZ2_bzDecompressEnd(&stream_);
        stream_ = {};
        ready_ = false;
    }

    bz_stream stream_{};
    bool ready_ = false;
};

} // namespace

Result<> unpack_bzip2(ByteView packed, UnpackOutput& output) {
    Bunzip2 decoder;
    std::uint64_t offset = 0;
    while (packed.has(offset, bzip2_magic)) {
        if (!decoder.next_stream())
            return fail(Errc::io, "no memory for the decoder");
        for (int code = BZ_OK; code != BZ_STREAM_END;) {
            const auto room = KX_TRY(output.room());
            std::uint64_t wrote = 0;
            code = decoder.step(packed, offset, room, wrote);
            output.wrote(wrote);
            if (code == BZ_MEM_ERROR)
                return fail(Errc::io, "no memory for the decoder");
            if (code != BZ_OK && code != BZ_STREAM_END)
                return fail(Errc::malformed, "before offset {:#x}: the data is damaged", packed.origin() + offset);
            if (code == BZ_OK && offset == packed.size() && wrote < room.size())
                return fail(Errc::malformed, "the data is cut short: it ends at offset {:#x}, inside the stream",
                            packed.origin() + offset);
        }
    }
    return {};
}

} // namespace kx
