// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/byte_view.h"

#include <algorithm>

namespace kx {

Result<ByteView> ByteView::slice(std::uint64_t offset, std::uint64_t length) const {
    if (offset > size() || length > size() - offset)
        return fail(Errc::malformed, "{:#x} bytes at {:#x} run past the end ({:#x})", length, origin_ + offset,
                    origin_ + size());
    return ByteView(bytes_.subspan(offset, length), origin_ + offset);
}

Result<ByteView> ByteView::from(std::uint64_t offset) const {
    if (offset > size())
        return fail(Errc::malformed, "offset {:#x} lies past the end ({:#x})", origin_ + offset, origin_ + size());
    return ByteView(bytes_.subspan(offset), origin_ + offset);
}

bool ByteView::has(std::uint64_t offset, std::string_view magic) const {
    return offset <= size() && magic.size() <= size() - offset &&
           (magic.empty() || std::memcmp(bytes_.data() + offset, magic.data(), magic.size()) == 0);
}

Result<std::string_view> ByteView::text(std::uint64_t offset, std::uint64_t limit) const {
    auto rest = KX_TRY(from(offset));
    auto window = rest.bytes_.first(std::min<std::uint64_t>(limit, rest.size()));
    auto end = std::ranges::find(window, std::byte{0});
    if (end == window.end())
        return fail(Errc::malformed, "the text at {:#x} has no end within {:#x} bytes", origin_ + offset,
                    window.size());
    return std::string_view(reinterpret_cast<const char*>(window.data()),
                            static_cast<std::size_t>(end - window.begin()));
}

} // namespace kx
