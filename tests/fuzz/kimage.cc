// SPDX-License-Identifier: GPL-2.0-or-later
// /proc/kimage: a list that is accepted has a row for each line below the header, with words in it, and says the same
// when it is written again.
#include "multikernel/core/kimage.h"

#include "tests/fuzz/invariant.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace {

bool is_word(std::string_view text) {
    return !text.empty() && text.find_first_of(" \t\r\n\v\f") == text.npos;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kx;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto rows = parse_kimage(text);
    if (!rows) {
        INVARIANT(rows.error().code == Errc::malformed);
        INVARIANT(rows.error().message.starts_with("line "));
        return 0;
    }
    const auto newlines = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    INVARIANT(rows->empty() || rows->size() + 2 == newlines + !text.ends_with('\n'));
    INVARIANT(rows->size() <= 4096);
    const bool with_mode = !rows->empty() && !rows->front().mode.empty();
    std::string written = with_mode ? "MK_ID Mode\n-\n" : "MK_ID\n-\n"; // kernels with the first patches tell no mode
    for (const KimageRow& row : *rows) {
        INVARIANT(is_word(row.type) && (with_mode ? is_word(row.mode) : row.mode.empty()));
        INVARIANT(row.command_line.find('\n') == row.command_line.npos);
        written += fmt::format("{} {} {:#x} {}", row.id, row.type, row.entry, row.segments);
        written += with_mode ? fmt::format(" {} \"{}\"\n", row.mode, row.command_line) : "\n";
    }
    INVARIANT(parse_kimage(written) == *rows);
    return 0;
}
