// SPDX-License-Identifier: GPL-2.0-or-later
// One of the two seams to the running system: everything that is read from /proc, /sys and /boot comes through here,
// by a path relative to a root ("proc/iomem"). The root is / or a captured machine; tests hold a tree in memory.
#pragma once

#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
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
    // The lines of a text file that hold `word`, each with its newline: for files of which only a few lines are wanted
    // (proc/kallsyms). A captured machine holds just those lines. Errors as read().
    virtual Result<std::string> read_lines_with(std::string_view path, std::string_view word) const;
    // The first `size` bytes, fewer where the file is shorter: for files of which the rest is not wanted
    // (proc/kcore is all of memory). A captured machine holds just those. Errors as read().
    virtual Result<std::string> read_head(std::string_view path, std::size_t size) const;
    // `size` bytes of memory at a physical address, all of them. A captured machine holds the pieces that were read of
    // it, each in a file of its own (memory_path). Errors as read(); Errc::not_found where no RAM lies, too.
    virtual Result<std::string> read_memory(std::uint64_t address, std::size_t size) const;
    // The names in a folder, sorted, without "." and "..". Errors as read().
    virtual Result<std::vector<std::string>> list(std::string_view path) const = 0;
    // `path` as messages show it: "/proc/iomem", or the path inside the captured tree.
    virtual std::string display(std::string_view path) const = 0;
};

// The file of a captured machine with memory from this physical address on.
std::string memory_path(std::uint64_t address);

// The tree below `root`: "/" for the running machine, or a folder that kexec --capture wrote.
//
// Below "/", proc/sys/kernel/arch can always be read: kernels before 6.1 lack the file, and what uname(2) calls the
// machine is its content then. Memory is read through proc/kcore there. A file of more than 64 MiB is refused, a folder
// is cut at a million names.
class DirectoryFiles final : public SystemFiles {
public:
    explicit DirectoryFiles(std::string root);
    Result<std::string> read(std::string_view path) const override;
    Result<std::string> read_head(std::string_view path, std::size_t size) const override;
    Result<std::string> read_memory(std::uint64_t address, std::size_t size) const override;
    Result<std::vector<std::string>> list(std::string_view path) const override;
    std::string display(std::string_view path) const override;

private:
    std::string root_; // without a trailing slash: "" for /
};

} // namespace kx
