// SPDX-License-Identifier: GPL-2.0-or-later
// Reads some hundred pages and prepares them for a dump: a page of zeros becomes nothing, a page that gets smaller is
// compressed, and any other stays as it is.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/save/save.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace kx {

bool all_zero(std::span<const std::byte> bytes);

struct PackedPage {
    enum class State : std::uint8_t { zero, plain, compressed, unreadable };
    std::uint64_t frame;
    std::uint32_t size; // in the batch's data; 0 for zero and unreadable
    State state;
};

struct PageBatch {
    static constexpr std::size_t most_bytes = std::size_t{1} << 20; // of memory: 256 pages of 4096 bytes, 16 of 65536

    std::vector<std::uint64_t> frames; // to be read
    std::vector<PackedPage> pages;     // one for each, once packed
    std::vector<std::byte> data;       // theirs, one behind another
    std::string first_error;           // of unreadable pages
};

// One for each thread.
class PagePacker {
public:
    // Borrows the dump. SaveCompression::lz4 is not for pages.
    static Result<PagePacker> make(const Dump& dump, SaveCompression compression);
    PagePacker(PagePacker&&) noexcept;
    ~PagePacker();

    void pack(PageBatch& batch);

private:
    struct State;
    explicit PagePacker(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace kx
