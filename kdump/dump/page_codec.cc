// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/page_codec.h"

#include "include/layout/kdump.h"

#include <algorithm>
#include <array>

#define ZLIB_CONST // const input
#include <zlib.h>
#include <zstd.h>
#if KX_HAVE_LZO
#include <lzo/lzo1x.h>
#endif
#if KX_HAVE_SNAPPY
#include <snappy-c.h>
#endif

namespace kx {

struct PageCodec::Tables {
    Tables() = default;
    Tables(const Tables&) = delete;
    Tables& operator=(const Tables&) = delete;
    ~Tables() {
        if (inflating)
            inflateEnd(&inflate_state);
        ZSTD_freeDCtx(zstd);
    }

    z_stream inflate_state{};
    bool inflating = false;
    ZSTD_DCtx* zstd = nullptr;
};

namespace {

constexpr std::uint32_t compression_flags =
    layout::kdump_zlib | layout::kdump_lzo | layout::kdump_snappy | layout::kdump_zstd;

struct CompressionName {
    std::uint32_t flag;
    std::string_view name;
};
constexpr std::array names{CompressionName{0, "none"}, CompressionName{layout::kdump_zlib, "zlib"},
                           CompressionName{layout::kdump_lzo, "lzo"}, CompressionName{layout::kdump_snappy, "snappy"},
                           CompressionName{layout::kdump_zstd, "zstd"}};

std::unexpected<Error> damaged(std::string_view compression) {
    return fail(Errc::malformed, "its {} data is damaged", compression);
}

Result<> check_size(std::uint64_t size, std::span<std::byte> page) {
    if (size != page.size())
        return fail(Errc::malformed, "it unpacks to {:#x} bytes instead of {:#x}", size, page.size());
    return {};
}

[[maybe_unused]] std::unexpected<Error> built_without(std::string_view library, std::string_view package) {
    return fail(Errc::unsupported,
                "it is compressed by {}, and this program was built without that library (on Debian: {})", library,
                package);
}

Result<> unpack_lzo([[maybe_unused]] std::span<const std::byte> packed, [[maybe_unused]] std::span<std::byte> page) {
#if KX_HAVE_LZO
    lzo_uint size = page.size();
    const auto* from = reinterpret_cast<const unsigned char*>(packed.data());
    auto* to = reinterpret_cast<unsigned char*>(page.data());
    if (lzo1x_decompress_safe(from, packed.size(), to, &size, nullptr) != LZO_E_OK)
        return damaged("lzo");
    return check_size(size, page);
#else
    return built_without("lzo", "liblzo2-dev");
#endif
}

Result<> unpack_snappy([[maybe_unused]] std::span<const std::byte> packed, [[maybe_unused]] std::span<std::byte> page) {
#if KX_HAVE_SNAPPY
    std::size_t size = 0;
    const auto* from = reinterpret_cast<const char*>(packed.data());
    if (snappy_uncompressed_length(from, packed.size(), &size) != SNAPPY_OK)
        return damaged("snappy");
    KX_TRY(check_size(size, page));
    if (snappy_uncompress(from, packed.size(), reinterpret_cast<char*>(page.data()), &size) != SNAPPY_OK)
        return damaged("snappy");
    return check_size(size, page);
#else
    return built_without("snappy", "libsnappy-dev");
#endif
}

} // namespace

std::string_view compression_name(std::uint32_t flags) {
    for (const auto& row : names)
        if (row.flag == (flags & compression_flags))
            return row.name;
    return "unknown";
}

PageCodec::PageCodec() : tables_(std::make_unique<Tables>()) {}
PageCodec::PageCodec(PageCodec&&) noexcept = default;
PageCodec& PageCodec::operator=(PageCodec&&) noexcept = default;
PageCodec::~PageCodec() = default;

namespace {

Result<> unpack_zlib(z_stream& state, std::span<const std::byte> packed, std::span<std::byte> page) {
    if (inflateReset(&state) != Z_OK)
        return fail(Errc::io, "the zlib decoder cannot start again");
    state.next_in = reinterpret_cast<const Bytef*>(packed.data());
    state.avail_in = static_cast<uInt>(packed.size());
    state.next_out = reinterpret_cast<Bytef*>(page.data());
    state.avail_out = static_cast<uInt>(page.size());
    if (inflate(&state, Z_FINISH) != Z_STREAM_END)
        return damaged("zlib");
    return check_size(page.size() - state.avail_out, page);
}

Result<> unpack_zstd(ZSTD_DCtx* zstd, std::span<const std::byte> packed, std::span<std::byte> page) {
    const std::size_t size = ZSTD_decompressDCtx(zstd, page.data(), page.size(), packed.data(), packed.size());
    if (ZSTD_isError(size))
        return damaged("zstd");
    return check_size(size, page);
}

} // namespace

Result<> PageCodec::unpack(std::uint32_t flags, std::span<const std::byte> packed, std::span<std::byte> page) {
    switch (flags) {
    case 0:
        KX_TRY(check_size(packed.size(), page));
        std::copy(packed.begin(), packed.end(), page.begin());
        return {};
    case layout::kdump_zlib:
        if (!tables_->inflating) {
            tables_->inflating = inflateInit(&tables_->inflate_state) == Z_OK;
            if (!tables_->inflating)
                return fail(Errc::io, "no memory for the zlib decoder");
        }
        return unpack_zlib(tables_->inflate_state, packed, page);
    case layout::kdump_lzo:
        return unpack_lzo(packed, page);
    case layout::kdump_snappy:
        return unpack_snappy(packed, page);
    case layout::kdump_zstd:
        if (!tables_->zstd)
            tables_->zstd = ZSTD_createDCtx();
        if (!tables_->zstd)
            return fail(Errc::io, "no memory for the zstd decoder");
        return unpack_zstd(tables_->zstd, packed, page);
    default:
        return fail(Errc::unsupported, "it has flags {:#x}, which no known compression has", flags);
    }
}

} // namespace kx
