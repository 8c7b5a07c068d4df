// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/sink.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kx {
namespace {

Error write_error(const std::string& name, int number) {
    switch (number) {
    case ENOSPC:
        return {Errc::no_room, fmt::format("{}: no space left", name)};
    case EDQUOT:
        return {Errc::no_room, fmt::format("{}: the disk quota is used up", name)};
    case EFBIG:
        return {Errc::no_room, fmt::format("{}: the limit of a file's size is reached", name)};
    case EPIPE:
        return {Errc::io, fmt::format("{}: the reader went away", name)};
    default:
        return {Errc::io, fmt::format("{}: {}", name, std::strerror(number))};
    }
}

// All of the bytes, by `write`, which takes what is left and returns as write(2) does.
template <typename Write> Written write_all(const std::string& name, std::span<const std::byte> bytes, Write write) {
    Written written;
    while (written.bytes < bytes.size()) {
        const ssize_t n = write(bytes.subspan(written.bytes), written.bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            written.error = write_error(name, n < 0 ? errno : ENOSPC);
            break;
        }
        written.bytes += static_cast<std::uint64_t>(n);
    }
    return written;
}

// write_at(offset, bytes) for `size` bytes of zeros, a piece at a time.
template <typename WriteAt> Written write_zeros(std::uint64_t offset, std::uint64_t size, const WriteAt& write_at) {
    static constexpr std::array<std::byte, 65536> zeros{};
    Written written;
    while (written.bytes < size && !written.error) {
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), size - written.bytes));
        const Written piece = write_at(offset + written.bytes, std::span(zeros).first(n));
        written.bytes += piece.bytes;
        written.error = piece.error;
    }
    return written;
}

struct OpenedFile {
    std::string name;
    FileDescriptor fd;
    std::optional<std::uint64_t> limit; // a block device's size
};

Written write_to(const OpenedFile& file, std::uint64_t offset, std::span<const std::byte> bytes) {
    const std::uint64_t room = file.limit ? *file.limit - std::min(*file.limit, offset) : UINT64_MAX;
    const auto fits = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), room)));
    Written written = write_all(file.name, fits, [&](std::span<const std::byte> rest, std::uint64_t done) {
        return pwrite(file.fd.get(), rest.data(), rest.size(), static_cast<off_t>(offset + done));
    });
    if (!written.error && fits.size() < bytes.size())
        written.error = Error{Errc::no_room, fmt::format("{}: the device ends at {} bytes", file.name, *file.limit)};
    return written;
}

Written reserve_in(const OpenedFile& file, std::uint64_t offset, std::uint64_t size) {
    if (!file.limit) {
        if (fallocate(file.fd.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(size)) == 0)
            return {size, std::nullopt};
        if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINTR)
            return {0, write_error(file.name, errno)};
    }
    return write_zeros(offset, size,
                       [&](std::uint64_t at, std::span<const std::byte> zeros) { return write_to(file, at, zeros); });
}

Result<OpenedFile> open_device(const std::string& path) {
    OpenedFile file{path, FileDescriptor(open(path.c_str(), O_WRONLY | O_EXCL | O_CLOEXEC)), {}};
    if (!file.fd) {
        if (errno == EBUSY)
            return fail(Errc::denied, "{}: the device is in use (mounted, swap, or part of another)", path);
        return fail(Errc::io, "{}: {}", path, std::strerror(errno));
    }
    std::uint64_t size = 0;
    if (ioctl(file.fd.get(), BLKGETSIZE64, &size) != 0)
        return fail(Errc::io, "{}: its size cannot be had: {}", path, std::strerror(errno));
    file.limit = size;
    return file;
}

Result<OpenedFile> open_file(const std::string& path, const FileSinkOptions& options) {
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (options.force ? O_TRUNC : O_EXCL);
    OpenedFile file{path, FileDescriptor(open(path.c_str(), flags, 0600)), {}};
    if (file.fd)
        return file;
    if (errno == EEXIST)
        return fail(Errc::usage, "{}: exists; --force writes over it", path);
    return fail(errno == EACCES ? Errc::denied : Errc::io, "{}: {}", path, std::strerror(errno));
}

} // namespace

Result<Sink> file_sink(const std::string& path, const FileSinkOptions& options) {
    struct stat there {};
    const bool exists = stat(path.c_str(), &there) == 0;
    const bool device = exists && S_ISBLK(there.st_mode);
    if (exists && !device && !S_ISREG(there.st_mode))
        return fail(Errc::usage, "{}: neither a file nor a block device", path);
    auto file = std::make_shared<OpenedFile>(KX_TRY(device ? open_device(path) : open_file(path, options)));
    Sink sink;
    sink.rewrites = true;
    sink.holes = !device;
    sink.write_at = [file](std::uint64_t offset, std::span<const std::byte> bytes) {
        return write_to(*file, offset, bytes);
    };
    sink.reserve = [file](std::uint64_t offset, std::uint64_t size) { return reserve_in(*file, offset, size); };
    sink.finish = [file](std::uint64_t size) -> Result<> {
        const int fd = file->fd.get();
        if ((!file->limit && ftruncate(fd, static_cast<off_t>(size)) != 0) || fsync(fd) != 0)
            return std::unexpected(write_error(file->name, errno));
        return {};
    };
    return sink;
}

Sink stream_sink(int fd, std::string name) {
    struct Stream {
        int fd;
        std::string name;
        std::uint64_t at = 0;
    };
    auto stream = std::make_shared<Stream>(Stream{fd, std::move(name)});
    Sink sink;
    sink.sequential = true;
    const auto append = [stream](std::uint64_t, std::span<const std::byte> bytes) {
        Written written = write_all(stream->name, bytes, [&](std::span<const std::byte> rest, std::uint64_t) {
            return ::write(stream->fd, rest.data(), rest.size());
        });
        stream->at += written.bytes;
        return written;
    };
    const auto fill = [stream, append](std::uint64_t offset) -> Written {
        if (offset < stream->at)
            return {0, Error{Errc::io, fmt::format("{}: a stream cannot go back from {} to {}", stream->name,
                                                   stream->at, offset)}};
        return write_zeros(stream->at, offset - stream->at, append);
    };
    sink.write_at = [fill, append](std::uint64_t offset, std::span<const std::byte> bytes) {
        if (Written gap = fill(offset); gap.error)
            return Written{0, std::move(gap.error)};
        return append(offset, bytes);
    };
    sink.reserve = [](std::uint64_t, std::uint64_t size) { return Written{size, std::nullopt}; };
    sink.finish = [fill](std::uint64_t size) -> Result<> {
        if (Written gap = fill(size); gap.error)
            return std::unexpected(std::move(*gap.error));
        return {};
    };
    return sink;
}

} // namespace kx
