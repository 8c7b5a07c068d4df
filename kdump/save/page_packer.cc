// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/page_packer.h"

#include "kdump/dump/dump_window.h"
#include "kdump/save/zlib_compressor.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include <zstd.h>

namespace kx {
namespace {

constexpr int zstd_level = 1;

struct ZstdContext {
    ZSTD_CCtx* context = nullptr;
    ~ZstdContext() { ZSTD_freeCCtx(context); }
};

} // namespace

bool all_zero(std::span<const std::byte> bytes) {
    // Most pages with other bytes than zeros have one early.
    std::size_t at = 0;
    for (; at + 128 <= bytes.size(); at += 128) {
        std::uint64_t words[16], any = 0;
        std::memcpy(words, bytes.data() + at, sizeof words);
        for (std::uint64_t w : words)
            any |= w;
        if (any)
            return false;
    }
    return std::ranges::all_of(bytes.subspan(at), [](std::byte b) { return b == std::byte{0}; });
}

struct PagePacker::State {
    State(const Dump& source, SaveCompression how)
        : dump(&source), compression(how), page_size(source.page_size()), window(source), packed(page_size - 1) {}

    const Dump* dump;
    SaveCompression compression;
    std::uint64_t page_size;
    DumpWindow window;
    std::vector<std::byte> packed; // one byte smaller than a page
    std::vector<std::byte> single; // a page, where the window fails
    ZstdContext zstd;
    std::optional<ZlibCompressor> zlib;

    // Bytes written to `out`, which is one byte smaller than the page; 0 where it does not fit.
    std::size_t compress(std::span<const std::byte> page, std::span<std::byte> out) {
        if (compression == SaveCompression::zstd) {
            const std::size_t size = ZSTD_compress2(zstd.context, out.data(), out.size(), page.data(), page.size());
            return ZSTD_isError(size) ? 0 : size;
        }
        return zlib->compress(page, out);
    }

    void pack_page(std::uint64_t frame, std::span<const std::byte> page, PageBatch& batch) {
        if (all_zero(page)) {
            batch.pages.push_back({frame, 0, PackedPage::State::zero});
            return;
        }
        const std::size_t size = compression == SaveCompression::none ? 0 : compress(page, packed);
        const auto stored = size ? std::span<const std::byte>(packed).first(size) : page;
        batch.data.insert(batch.data.end(), stored.begin(), stored.end());
        batch.pages.push_back({frame, static_cast<std::uint32_t>(stored.size()),
                               size ? PackedPage::State::compressed : PackedPage::State::plain});
    }

    // Pages one behind another, out of the mapped file where that goes well.
    void pack_run(std::span<const std::uint64_t> frames, PageBatch& batch) {
        const std::size_t pages_before = batch.pages.size(), data_before = batch.data.size();
        if (const auto bytes = window.at(frames[0] * page_size, frames.size() * page_size)) {
            for (std::size_t i = 0; i < frames.size(); ++i)
                pack_page(frames[i], bytes->subspan(i * page_size, page_size), batch);
            if (!window.lost())
                return;
            batch.pages.erase(batch.pages.begin() + static_cast<std::ptrdiff_t>(pages_before), batch.pages.end());
            batch.data.resize(data_before);
        }
        for (std::uint64_t frame : frames)
            pack_alone(frame, batch);
    }

    void pack_alone(std::uint64_t frame, PageBatch& batch) {
        single.resize(page_size);
        if (const auto read = dump->read_physical(frame * page_size, single)) {
            pack_page(frame, single, batch);
            return;
        } else if (batch.first_error.empty()) {
            batch.first_error = read.error().message;
        }
        batch.pages.push_back({frame, 0, PackedPage::State::unreadable});
    }
};

PagePacker::PagePacker(std::unique_ptr<State> state) : state_(std::move(state)) {}
PagePacker::PagePacker(PagePacker&&) noexcept = default;
PagePacker::~PagePacker() = default;

Result<PagePacker> PagePacker::make(const Dump& dump, SaveCompression compression) {
    auto state = std::make_unique<State>(dump, compression);
    if (compression == SaveCompression::zstd) {
        state->zstd.context = ZSTD_createCCtx();
        if (!state->zstd.context)
            return fail(Errc::io, "zstd has no memory");
        ZSTD_CCtx_setParameter(state->zstd.context, ZSTD_c_compressionLevel, zstd_level);
        ZSTD_CCtx_setParameter(state->zstd.context, ZSTD_c_contentSizeFlag, 1);
        ZSTD_CCtx_setParameter(state->zstd.context, ZSTD_c_checksumFlag, 0);
    } else if (compression == SaveCompression::zlib) {
        state->zlib = KX_TRY(ZlibCompressor::make());
    } else if (compression == SaveCompression::lz4) {
        return fail(Errc::usage, "no reader of the kdump format knows lz4");
    }
    return PagePacker(std::move(state));
}

void PagePacker::pack(PageBatch& batch) {
    batch.pages.clear();
    batch.data.clear();
    batch.first_error.clear();
    const std::span<const std::uint64_t> frames(batch.frames);
    for (std::size_t i = 0; i < frames.size();) {
        std::size_t n = 1;
        const std::size_t most = DumpWindow::length_limit / state_->page_size;
        while (n < most && i + n < frames.size() && frames[i + n] == frames[i] + n)
            ++n;
        state_->pack_run(frames.subspan(i, n), batch);
        i += n;
    }
}

} // namespace kx
