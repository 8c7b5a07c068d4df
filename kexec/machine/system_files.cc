// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/system_files.h"

#include "kexec/core/file.h"
#include "kexec/machine/kcore.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace kx {
namespace {

constexpr std::size_t longest_file = 64u << 20;
constexpr std::size_t most_names = 1'000'000;

Errc code_of(int error) {
    switch (error) {
    case ENOENT:
    case ENOTDIR:
        return Errc::not_found;
    case EACCES:
    case EPERM:
        return Errc::denied;
    default:
        return Errc::io;
    }
}

std::unexpected<Error> failed(const std::string& shown, int error) {
    return fail(code_of(error), "{}: {}", shown, std::strerror(error));
}

// What a captured machine holds, and what the kernel shows, are files; a device that a link leads to is not opened.
Result<> refuse_no_file(const struct stat& status, const std::string& shown) {
    if (!S_ISREG(status.st_mode))
        return fail(Errc::io, "{}: is no file", shown);
    return {};
}

// Up to `most` bytes; nothing is read behind them.
Result<std::string> read_up_to(const std::string& shown, std::size_t most) {
    struct stat status {};
    if (stat(shown.c_str(), &status) == 0)
        KX_TRY(refuse_no_file(status, shown));
    FileDescriptor file(::open(shown.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file || fstat(file.get(), &status) != 0)
        return failed(shown, errno);
    KX_TRY(refuse_no_file(status, shown));
    std::string content;
    constexpr std::size_t buffer_size = 64 << 10;
    const auto buffer = std::make_unique_for_overwrite<char[]>(buffer_size);
    while (content.size() < most) {
        const ssize_t got = ::read(file.get(), buffer.get(), std::min(buffer_size, most - content.size()));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed(shown, errno);
        if (got == 0)
            break;
        content.append(buffer.get(), static_cast<std::size_t>(got));
    }
    return content;
}

Result<std::string> read_whole(const std::string& shown) {
    auto content = read_up_to(shown, longest_file + 1);
    if (content && content->size() > longest_file)
        return fail(Errc::io, "{}: is longer than {:#x} bytes, no such file of the kernel is", shown, longest_file);
    return content;
}

std::string machine_name() {
    utsname name{};
    return uname(&name) == 0 ? std::string(name.machine) + '\n' : std::string();
}

} // namespace

Result<std::string> SystemFiles::read_lines_with(std::string_view path, std::string_view word) const {
    const std::string content = KX_TRY(read(path));
    std::string lines;
    for (std::size_t begin = 0; begin < content.size();) {
        const std::size_t newline = content.find('\n', begin);
        const std::size_t end = newline == std::string::npos ? content.size() : newline + 1;
        const auto line = std::string_view(content).substr(begin, end - begin);
        if (line.find(word) != std::string_view::npos)
            lines.append(line);
        begin = end;
    }
    return lines;
}

Result<std::string> SystemFiles::read_head(std::string_view path, std::size_t size) const {
    std::string content = KX_TRY(read(path));
    content.resize(std::min(content.size(), size));
    return content;
}

std::string memory_path(std::uint64_t address) {
    return fmt::format("memory/{:#x}", address);
}

Result<std::string> SystemFiles::read_memory(std::uint64_t address, std::size_t size) const {
    std::string piece = KX_TRY(read(memory_path(address)));
    if (piece.size() < size)
        return fail(Errc::not_found, "{}: has {} bytes, and {} are wanted", display(memory_path(address)), piece.size(),
                    size);
    piece.resize(size);
    return piece;
}

DirectoryFiles::DirectoryFiles(std::string root) : root_(std::move(root)) {
    while (root_.ends_with('/'))
        root_.pop_back();
}

std::string DirectoryFiles::display(std::string_view path) const {
    return fmt::format("{}/{}", root_, path);
}

Result<std::string> DirectoryFiles::read(std::string_view path) const {
    auto content = read_whole(display(path));
    if (!content && content.error().code == Errc::not_found && root_.empty() && path == "proc/sys/kernel/arch")
        if (auto machine = machine_name(); !machine.empty())
            return machine;
    return content;
}

Result<std::string> DirectoryFiles::read_head(std::string_view path, std::size_t size) const {
    return read_up_to(display(path), size);
}

Result<std::string> DirectoryFiles::read_memory(std::uint64_t address, std::size_t size) const {
    if (!root_.empty())
        return SystemFiles::read_memory(address, size);
    const std::uint64_t offset = KX_TRY(kcore_offset(*this, address, size));
    const std::string shown = display(kcore_path);
    FileDescriptor file(::open(shown.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file)
        return failed(shown, errno);
    std::string content(size, '\0');
    for (std::size_t done = 0; done < size;) {
        const ssize_t got = ::pread(file.get(), content.data() + done, size - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return failed(shown, errno);
        if (got == 0)
            return fail(Errc::io, "{}: ends at {:#x}, inside of memory at {:#x}", shown, offset + done, address);
        done += static_cast<std::size_t>(got);
    }
    return content;
}

Result<std::vector<std::string>> DirectoryFiles::list(std::string_view path) const {
    const std::string shown = display(path);
    const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(shown.c_str()), [](DIR* open) { return closedir(open); });
    if (!folder)
        return failed(shown, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(folder.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != ".." && names.size() < most_names)
            names.emplace_back(name);
    }
    if (errno != 0)
        return failed(shown, errno);
    std::ranges::sort(names);
    return names;
}

} // namespace kx
