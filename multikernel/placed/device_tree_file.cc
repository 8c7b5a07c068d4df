// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/device_tree_file.h"

#include "kexec/core/file.h"

namespace kx {

Result<std::string> read_device_tree_file(const std::string& path) {
    constexpr std::uint64_t limit = 64 << 20;
    auto opened = File::open(path);
    if (!opened && opened.error().code == Errc::malformed)
        return std::string(); // empty: no device tree, as its reader says
    if (!opened && opened.error().code == Errc::usage)
        opened.error().code = Errc::io; // a folder or device: what cannot be read is a failure here
    if (!opened)
        return std::unexpected(opened.error());
    const File& file = *opened;
    const auto bytes = file.bytes().view().bytes();
    if (bytes.size() > limit)
        return fail(Errc::unsupported, "{}: {:#x} bytes, and {:#x} at most are read", path, bytes.size(), limit);
    std::string content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    KX_TRY(file.unchanged());
    return content;
}

} // namespace kx
