// SPDX-License-Identifier: GPL-2.0-or-later
// One of the two seams to the running system: everything that is read from /proc, /sys and /boot comes through here,
// by a path relative to a root ("proc/iomem"). The root is / or a captured machine; tests hold a tree in memory.
#pragma once

#include "core/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace kx {

class SystemFiles {
public:
    virtual ~SystemFiles() = default;

    // The whole content, binary or text. Errc::not_found where there is no such file, denied where it may not be
    // read, io else; the message names the path.
    virtual Result<std::string> read(std::string_view path) const = 0;
    // The names in a folder, sorted, without "." and "..". Errors as read().
    virtual Result<std::vector<std::string>> list(std::string_view path) const = 0;
    // What a user knows `path` as, for messages: "/proc/iomem", or the path inside the captured tree.
    virtual std::string display(std::string_view path) const = 0;
};

// The tree below `root`: "/" for the running machine, or a folder that kexec --capture wrote.
class DirectoryFiles final : public SystemFiles {
public:
    explicit DirectoryFiles(std::string root) : root_(std::move(root)) {}
    Result<std::string> read(std::string_view path) const override;
    Result<std::vector<std::string>> list(std::string_view path) const override;
    std::string display(std::string_view path) const override;

private:
    std::string root_;
};

} // namespace kx
