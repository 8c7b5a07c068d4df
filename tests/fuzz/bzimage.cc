// SPDX-License-Identifier: GPL-2.0-or-later
// A bzImage that parses keeps every promise of image/bzimage.h.
#include "kexec/image/bzimage.h"

#include "tests/fuzz/invariant.h"

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
    INVARIANT(image->version >= 0x20c);
    INVARIANT(inside(image->setup_header, file));
    INVARIANT(image->setup_header.origin() + image->setup_header.size() <= 0x290);
    const auto kept = image->setup_header.bytes().first(std::min(image->setup_header.size(), sizeof(image->header)));
    INVARIANT(std::ranges::equal(kept, std::as_bytes(std::span(&image->header, 1)).first(kept.size())));
    INVARIANT(inside(image->protected_mode, file));
    INVARIANT(image->protected_mode.size() == std::uint64_t{image->header.syssize} * 16);
    INVARIANT(image->protected_mode.size() <= image->init_size);
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
