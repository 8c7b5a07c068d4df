// SPDX-License-Identifier: GPL-2.0-or-later
// A bzImage that parses keeps every promise of image/bzimage.h.
#include "image/bzimage.h"

#include "invariant.h"

#include <algorithm>
#include <bit>

using namespace kx;
using namespace kx::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = fuzz_input(data, size);
    const auto image = parse_bzimage(file);
    if (!image) {
        INVARIANT(!image.error().message.empty());
        INVARIANT((image.error().code == Errc::not_this_format) == !is_bzimage(file));
        return 0;
    }
    INVARIANT(is_bzimage(file));
    INVARIANT(image->version >= 0x20c && image->entry_64);
    INVARIANT(image->header_size <= sizeof(image->header) && image->header_size <= image->setup_header.size());
    INVARIANT(inside(image->setup_header, file));
    INVARIANT(image->setup_header.origin() + image->setup_header.size() <= 0x290);
    INVARIANT(std::equal(image->setup_header.bytes().begin(),
                         image->setup_header.bytes().begin() + static_cast<std::ptrdiff_t>(image->header_size),
                         std::as_bytes(std::span(&image->header, 1)).begin()));
    INVARIANT(inside(image->protected_mode, file));
    INVARIANT(image->protected_mode.origin() + image->protected_mode.size() == file.size());
    INVARIANT(image->protected_mode.size() > layout::entry_64_offset);
    INVARIANT(std::has_single_bit(image->alignment));
    INVARIANT(image->init_size >= image->protected_mode.size());
    INVARIANT(image->pref_address + image->init_size >= image->pref_address);
    INVARIANT(image->cmdline_size > 0);
    INVARIANT(std::ranges::all_of(image->kernel_version, [](char c) { return c >= ' ' && c <= '~'; }));
    if (const auto payload = compressed_payload(*image))
        INVARIANT(!payload->empty() && inside(*payload, image->protected_mode));
    return 0;
}
