// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/note_copy.h"

#include "kdump/save/page_packer.h"

#include <algorithm>
#include <vector>

namespace kx {

void copy_notes(const Dump& dump, WriteBuffer& out, Notices& notices) {
    constexpr std::uint64_t piece = std::uint64_t{64} << 10;
    const std::uint64_t begin = out.position(), size = dump.notes_size();
    std::vector<std::byte> bytes;
    bool noted = false;
    for (std::uint64_t at = dump.notes_data_from(0); at < size && !out.error();) {
        bytes.assign(std::min(piece, size - at), std::byte{0});
        if (const auto read = dump.read_notes(at, bytes); !read && !noted) {
            notices.add("ELF notes cannot be read and are zeros in the dump: {}", read.error().message);
            noted = true;
        }
        if (!all_zero(bytes)) {
            out.zeros_until(begin + at);
            out.append(bytes);
        }
        at = dump.notes_data_from(at + bytes.size());
    }
    out.zeros_until(begin + size);
}

} // namespace kx
