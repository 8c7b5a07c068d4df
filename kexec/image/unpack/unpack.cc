// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/unpack/unpack.h"

#include "kexec/image/unpack/stream.h"

#include <algorithm>
#include <array>

namespace kx {
namespace {

struct Decoder {
    Compression compression;
    std::string_view name;
    std::string_view magic;
    Result<> (*unpack)(ByteView, UnpackOutput&);
};

Result<> refuse_lzo(ByteView, UnpackOutput&) {
    return fail(Errc::unsupported, "this program does not unpack it: unpack it by `lzop -d`, or build the kernel with "
                                   "another compression");
}

constexpr std::array decoders{
    Decoder{Compression::gzip, "gzip", {"\x1f\x8b", 2}, unpack_gzip},
    Decoder{Compression::zstd, "zstd", {"\x28\xb5\x2f\xfd", 4}, unpack_zstd},
    Decoder{Compression::xz, "xz", {"\xfd\x37zXZ\0", 6}, unpack_xz},
    Decoder{Compression::lzma, "lzma", {"\x5d\0\0", 3}, unpack_lzma},
    Decoder{Compression::lz4, "lz4", {"\x02\x21\x4c\x18", 4}, unpack_lz4}, // legacy frame
    Decoder{Compression::lz4, "lz4", {"\x04\x22\x4d\x18", 4}, unpack_lz4},
    Decoder{Compression::bzip2, "bzip2", "BZh", unpack_bzip2},
    Decoder{Compression::lzo, "lzo", {"\x89LZO\0", 5}, refuse_lzo},
};

const Decoder* decoder_of(ByteView packed) {
    const auto found = std::ranges::find_if(decoders, [&](const Decoder& d) { return packed.has(0, d.magic); });
    return found == decoders.end() ? nullptr : &*found;
}

} // namespace

std::string_view name_of(Compression compression) {
    const auto found = std::ranges::find(decoders, compression, &Decoder::compression);
    return found == decoders.end() ? "none" : found->name;
}

Compression compression_of(ByteView packed) {
    const auto* decoder = decoder_of(packed);
    return decoder ? decoder->compression : Compression::none;
}

namespace {

std::uint64_t expected_size(ByteView packed) {
    return std::min<std::uint64_t>(packed.size(), UINT64_MAX / 4) * 4;
}

Result<> unpack_into(ByteView packed, UnpackOutput& output) {
    const auto* decoder = decoder_of(packed);
    if (!decoder)
        return fail(Errc::not_this_format, "no compressed data at {:#x}: gzip, xz, lzma, zstd, lz4 and bzip2 are known",
                    packed.origin());
    return within(decoder->name, decoder->unpack(packed, output));
}

} // namespace

Result<Bytes> unpack(ByteView packed, std::uint64_t limit) {
    UnpackOutput output(limit, expected_size(packed));
    KX_TRY(unpack_into(packed, output));
    return within(decoder_of(packed)->name, output.finish());
}

Result<Bytes> KernelUnpacker::unpack(ByteView packed) {
    const std::uint64_t left = left_;
    UnpackOutput output(left, expected_size(packed));
    const auto done = unpack_into(packed, output);
    left_ -= std::min(left, output.size());
    if (output.size() > left)
        return fail(Errc::unsupported,
                    "unpacks to more than {} bytes, which no kernel does whose file has {}: it is damaged, or was made "
                    "to fill memory",
                    most_, file_size_);
    KX_TRY(done);
    return output.finish();
}

Result<std::span<std::byte>> UnpackOutput::room() {
    if (size_ > limit_)
        return fail(Errc::unsupported, "unpacks to more than the limit of {} bytes", limit_);
    if (size_ == capacity_) {
        const std::uint64_t most = limit_ == UINT64_MAX ? limit_ : limit_ + 1;
        const std::uint64_t doubled = capacity_ > most / 2 ? most : capacity_ * 2;
        const std::uint64_t wanted = std::min(most, std::max({doubled, expected_, std::uint64_t{64} << 10}));
        auto* larger = static_cast<std::byte*>(std::realloc(memory_.get(), wanted));
        if (!larger)
            return fail(Errc::io, "no memory for {} unpacked bytes", wanted);
        static_cast<void>(memory_.release());
        memory_.reset(larger);
        capacity_ = wanted;
    }
    return std::span(memory_.get() + size_, capacity_ - size_);
}

Result<Bytes> UnpackOutput::finish() {
    if (size_ > limit_)
        return fail(Errc::unsupported, "unpacks to more than the limit of {} bytes", limit_);
    std::shared_ptr<const std::byte> owner(std::move(memory_));
    const ByteView view(std::span(owner.get(), size_));
    return Bytes::owning(view, std::move(owner));
}

} // namespace kx
