// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/dump_file.h"

#include "kexec/core/descriptor_access.h"
#include "kexec/core/shared_bytes.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace kx {
namespace {

constexpr std::uint64_t pipe_limit = std::uint64_t{4} << 30;

std::string reason() {
    return std::strerror(errno);
}

Result<FileDescriptor> opened(const std::string& path) {
    if (path != "-")
        return open_input(path);
    if (!is_open_for_reading(STDIN_FILENO))
        return fail(Errc::io, "standard input is closed, or not open for reading");
    FileDescriptor fd(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!fd)
        return fail(Errc::io, "{}", reason());
    return fd;
}

// Files and block devices can be read at any offset; what comes through a pipe is read into memory first.
Result<FileDescriptor> seekable(const std::string& path, FileDescriptor fd) {
    struct stat status {};
    if (fstat(fd.get(), &status) != 0)
        return fail(Errc::io, "{}", reason());
    if (S_ISDIR(status.st_mode))
        return fail(Errc::usage, "is a directory, not a dump");
    if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode))
        return fd;
    if (S_ISCHR(status.st_mode))
        return fail(Errc::usage, "is a {}, not a dump", isatty(fd.get()) ? "terminal" : "device");
    return read_into_memfd(path, fd.get(), pipe_limit, {.for_writer = std::chrono::seconds(5), .for_data = {}});
}

} // namespace

Result<DumpFile> DumpFile::open(const std::string& path) {
    DumpFile file;
    file.path_ = path == "-" ? "standard input" : path;
    file.fd_ = KX_TRY(seekable(path, KX_TRY(opened(path))));
    const off_t end = lseek(file.fd_.get(), 0, SEEK_END);
    if (end < 0)
        return fail(Errc::io, "its size cannot be told: {}", reason());
    file.file_size_ = static_cast<std::uint64_t>(end);

    std::array<std::byte, 16> first{};
    if (file.file_size_ >= first.size()) {
        KX_TRY(file.read_plain(0, first));
        if (FlattenedIndex::begins(first))
            file.flattened_ = KX_TRY(FlattenedIndex::of(
                file.file_size_, [&](std::uint64_t at, std::span<std::byte> out) { return file.read_plain(at, out); }));
    }
    return file;
}

Result<> DumpFile::read(std::uint64_t offset, std::span<std::byte> out) const {
    if (!flattened_)
        return read_plain(offset, out);
    if (offset > size() || out.size() > size() - offset)
        return fail(Errc::malformed, "{:#x}+{:#x} runs past the end ({:#x})", offset, out.size(), size());
    return flattened_->read(offset, out,
                            [this](std::uint64_t at, std::span<std::byte> part) { return read_plain(at, part); });
}

Result<> DumpFile::read_plain(std::uint64_t offset, std::span<std::byte> out) const {
    if (offset > file_size_ || out.size() > file_size_ - offset)
        return fail(Errc::malformed, "{:#x}+{:#x} runs past the end ({:#x})", offset, out.size(), file_size_);
    while (!out.empty()) {
        const ssize_t got = pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(Errc::io, "cannot be read at offset {:#x}: {}", offset, reason());
        if (got == 0)
            return fail(Errc::io, "ends at offset {:#x}; it had {:#x} bytes when it was opened", offset, file_size_);
        offset += static_cast<std::uint64_t>(got);
        out = out.subspan(static_cast<std::size_t>(got));
    }
    return {};
}

Result<std::vector<std::byte>> DumpFile::content(std::uint64_t offset, std::uint64_t length) const {
    if (offset > size() || length > size() - offset)
        return fail(Errc::malformed, "{:#x}+{:#x} runs past the end ({:#x})", offset, length, size());
    std::vector<std::byte> bytes(length);
    KX_TRY(read(offset, bytes));
    return bytes;
}

std::uint64_t DumpFile::data_from(std::uint64_t offset) const {
    if (offset >= size())
        return size();
    if (flattened_)
        return flattened_->data_from(offset);
    const off_t data = lseek(fd_.get(), static_cast<off_t>(offset), SEEK_DATA);
    if (data >= 0)
        return static_cast<std::uint64_t>(data);
    return errno == ENXIO ? size() : offset; // another error: this kind of file knows no holes
}

std::uint64_t DumpFile::hole_from(std::uint64_t offset) const {
    if (offset >= size())
        return size();
    if (flattened_)
        return flattened_->hole_from(offset);
    const off_t hole = lseek(fd_.get(), static_cast<off_t>(offset), SEEK_HOLE);
    return hole > static_cast<off_t>(offset) ? static_cast<std::uint64_t>(hole) : size();
}

bool DumpFile::is_read_from(int fd) const {
    return share_bytes(fd_.get(), fd);
}

std::optional<int> DumpFile::mappable() const {
    return flattened_ ? std::nullopt : std::optional(fd_.get());
}

} // namespace kx
