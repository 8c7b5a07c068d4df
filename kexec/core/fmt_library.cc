// SPDX-License-Identifier: GPL-2.0-or-later
// The code of the fmt library, once for the whole program: every other file takes fmt as a library and compiles in a
// third of the time that its header-only mode needs. Debian has no static libfmt, and an initramfs is better off
// without the shared one (doc/decisions/0004-fmt-compiled-in.md).
#define FMT_HEADER_ONLY
#include <fmt/format.h>

namespace kx {

// Never used. What it points to, the compiler must emit here, under the names that the other files ask for.
[[gnu::used]] constexpr struct {
    std::string (*format)(fmt::string_view, fmt::format_args);
    void (*print)(fmt::string_view, fmt::format_args);
    void (*print_to_file)(std::FILE*, fmt::string_view, fmt::format_args);
    bool (*is_printable)(std::uint32_t);
    fmt::detail::thousands_sep_result<char> (*thousands_sep)(fmt::detail::locale_ref);
} fmt_library{&fmt::vformat, &fmt::vprint, &fmt::vprint, &fmt::detail::is_printable,
              &fmt::detail::thousands_sep_impl<char>};

} // namespace kx
