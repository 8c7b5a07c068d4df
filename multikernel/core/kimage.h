// SPDX-License-Identifier: GPL-2.0-or-later
// /proc/kimage: the images that are loaded, as multikernel/kmod and multikernel kernels list them.
#pragma once

#include "kexec/core/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

// One row of /proc/kimage.
struct KimageRow {
    std::uint32_t id = 0;    // 0 for an image that belongs to no instance
    std::string type;        // default, crash, multikernel
    std::uint64_t entry = 0; // physical; of a multikernel kernel it is where boot_params lie
    std::uint64_t segments = 0;
    std::string mode;         // sys, file; empty where it is not told
    std::string command_line; // empty where there is none, or it is not told
    friend bool operator==(const KimageRow&, const KimageRow&) = default;
};

// The two lines of the header, then a row a line: five words and, in quotes, the command line, which may hold quotes
// itself. Kernels with the first multikernel patches tell neither mode nor command line, and say in words that there is
// no image. Errc::malformed with the line's number. At most 4096 rows.
Result<std::vector<KimageRow>> parse_kimage(std::string_view text);

} // namespace kx
