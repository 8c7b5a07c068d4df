// SPDX-License-Identifier: GPL-2.0-or-later
// Unpacks the pages of a kdump-compressed dump.
#pragma once

#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace kx {

// "none", "zlib", "lzo", "snappy", "zstd", for the flags of a page (layout/kdump.h) or of a header's status; "unknown".
std::string_view compression_name(std::uint32_t flags);

// Keeps its tables from page to page; not for two threads at once.
class PageCodec {
public:
    PageCodec();
    PageCodec(PageCodec&&) noexcept;
    PageCodec& operator=(PageCodec&&) noexcept;
    ~PageCodec();

    // Fills `page`. Errc::malformed where the data is damaged or makes another number of bytes, Errc::unsupported for a
    // compression that is not known or that this program was built without.
    Result<> unpack(std::uint32_t flags, std::span<const std::byte> packed, std::span<std::byte> page);

private:
    struct Tables;
    std::unique_ptr<Tables> tables_;
};

} // namespace kx
