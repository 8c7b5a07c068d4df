// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/signature.h"

#include "include/wire.h"

#include <string_view>

namespace kx {
namespace {

constexpr std::uint64_t pe_offset_field = 0x3c;
constexpr std::uint64_t coff_header_size = 24; // with the magic in front
constexpr std::uint64_t certificate_table = 4; // its number among the data directories
constexpr std::uint64_t directory_size = 8;

Result<bool> has_certificates(ByteView file) {
    const std::uint64_t pe = KX_TRY(file.read<le32>(pe_offset_field));
    if (!file.has(0, "MZ") || !file.has(pe, std::string_view("PE\0\0", 4)))
        return false;
    const std::uint64_t optional_header = pe + coff_header_size;
    const std::uint16_t kind = KX_TRY(file.read<le16>(optional_header));
    const std::uint64_t directories = optional_header + (kind == 0x20b ? 112 : 96); // PE32+ or PE32
    const std::uint32_t count = KX_TRY(file.read<le32>(directories - sizeof(le32)));
    if (count <= certificate_table)
        return false;
    const std::uint64_t entry = directories + certificate_table * directory_size;
    return KX_TRY(file.read<le32>(entry)) != 0 && KX_TRY(file.read<le32>(entry + sizeof(le32))) != 0;
}

} // namespace

bool carries_signature(ByteView file) {
    constexpr std::string_view mark = "~Module signature appended~\n";
    if (file.size() >= mark.size() && file.has(file.size() - mark.size(), mark))
        return true;
    return has_certificates(file).value_or(false);
}

} // namespace kx
