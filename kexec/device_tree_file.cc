// SPDX-License-Identifier: GPL-2.0-or-later
#include "device_tree_file.h"

#include "machine/system_files.h"

namespace kx {

Result<std::string> read_device_tree_file(const std::string& path) {
    if (path.starts_with('/'))
        return DirectoryFiles("/").read(std::string_view(path).substr(1));
    return DirectoryFiles(".").read(path);
}

} // namespace kx
