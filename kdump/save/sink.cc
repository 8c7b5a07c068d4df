// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/sink.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>

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
    bool made = false;                  // there was nothing of this name
    std::atomic<bool> emptied = false;  // what was in it is gone

    OpenedFile(std::string path, int opened) : name(std::move(path)), fd(opened) {}
};

// An existing file keeps its content until there is something to write.
std::optional<Error> empty_once(OpenedFile& file) {
    if (file.limit || file.emptied)
        return {};
    if (!file.made && ftruncate(file.fd.get(), 0) != 0)
        return write_error(file.name, errno);
    file.emptied = true;
    return {};
}

Written write_to(OpenedFile& file, std::uint64_t offset, std::span<const std::byte> bytes) {
    if (auto error = empty_once(file))
        return {0, std::move(error)};
    const std::uint64_t room = file.limit ? *file.limit - std::min(*file.limit, offset) : UINT64_MAX;
    const auto fits = bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), room)));
    Written written = write_all(file.name, fits, [&](std::span<const std::byte> rest, std::uint64_t done) {
        return pwrite(file.fd.get(), rest.data(), rest.size(), static_cast<off_t>(offset + done));
    });
    if (!written.error && fits.size() < bytes.size())
        written.error = Error{Errc::no_room, fmt::format("{}: the device ends at {} bytes", file.name, *file.limit)};
    return written;
}

Written reserve_in(OpenedFile& file, std::uint64_t offset, std::uint64_t size) {
    if (auto error = empty_once(file))
        return {0, std::move(error)};
    if (!file.limit) {
        if (fallocate(file.fd.get(), 0, static_cast<off_t>(offset), static_cast<off_t>(size)) == 0)
            return {size, std::nullopt};
        if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINTR)
            return {0, write_error(file.name, errno)};
    }
    return write_zeros(offset, size,
                       [&](std::uint64_t at, std::span<const std::byte> zeros) { return write_to(file, at, zeros); });
}

using Opened = Result<std::shared_ptr<OpenedFile>>;

Opened open_device(const std::string& path) {
    auto file = std::make_shared<OpenedFile>(path, open(path.c_str(), O_WRONLY | O_EXCL | O_CLOEXEC));
    if (!file->fd) {
        if (errno == EBUSY)
            return fail(Errc::denied, "{}: the device is in use (mounted, swap, or part of another)", path);
        return fail(Errc::io, "{}: {}", path, std::strerror(errno));
    }
    std::uint64_t size = 0;
    if (ioctl(file->fd.get(), BLKGETSIZE64, &size) != 0)
        return fail(Errc::io, "{}: its size cannot be had: {}", path, std::strerror(errno));
    file->limit = size;
    return file;
}

Opened open_file(const std::string& path, const FileSinkOptions& options) {
    constexpr int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK; // a FIFO by now is seen, not waited for
    auto file = std::make_shared<OpenedFile>(path, open(path.c_str(), flags | O_CREAT | O_EXCL, 0600));
    file->made = static_cast<bool>(file->fd);
    if (!file->fd && errno == EEXIST) {
        if (!options.force)
            return fail(Errc::usage, "{}: exists; --force writes over it", path);
        file->fd = FileDescriptor(open(path.c_str(), flags));
    }
    if (!file->fd && errno == ELOOP)
        return fail(Errc::usage, "{}: is a symbolic link; name the file itself", path);
    if (!file->fd)
        return fail(errno == EACCES ? Errc::denied : Errc::io, "{}: {}", path, std::strerror(errno));
    struct stat there {};
    if (fstat(file->fd.get(), &there) != 0 || !S_ISREG(there.st_mode))
        return fail(Errc::usage, "{}: neither a file nor a block device", path);
    return file;
}

std::optional<Error> sync_file(const std::string& name, int fd) {
    if (fsync(fd) == 0)
        return {};
    return Error{Errc::io, fmt::format("{}: writing it to the disk failed: {}", name, std::strerror(errno))};
}

// Some file systems report a failed write only here.
std::optional<Error> close_copy(const std::string& name, int fd) {
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0 || close(copy) == 0)
        return {};
    return write_error(name, errno);
}

// The name of a new file is in its folder, and that is to be on the disk as well.
std::optional<Error> sync_folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    const FileDescriptor fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd && errno == EACCES) // a folder that may be written, but not read
        return {};
    if (fd && (fsync(fd.get()) == 0 || errno == EINVAL || errno == ENOSYS))
        return {};
    return Error{Errc::io,
                 fmt::format("{}: writing its name to the disk failed: {}: {}", path, folder, std::strerror(errno))};
}

Result<> finish_file(OpenedFile& file, std::uint64_t size) {
    const int fd = file.fd.get();
    if (auto error = empty_once(file))
        return std::unexpected(std::move(*error));
    if (!file.limit && ftruncate(fd, static_cast<off_t>(size)) != 0)
        return std::unexpected(write_error(file.name, errno));
    auto error = sync_file(file.name, fd);
    if (!error)
        error = close_copy(file.name, fd);
    if (!error && file.made)
        error = sync_folder_of(file.name);
    if (error)
        return std::unexpected(std::move(*error));
    return {};
}

void discard_file(const OpenedFile& file) {
    struct stat opened {
    }, named{};
    if ((file.made || file.emptied) && !file.limit && fstat(file.fd.get(), &opened) == 0 &&
        lstat(file.name.c_str(), &named) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino)
        unlink(file.name.c_str());
}

} // namespace

Result<Sink> file_sink(const std::string& path, const FileSinkOptions& options) {
    struct stat there {};
    const bool exists = stat(path.c_str(), &there) == 0;
    const bool device = exists && S_ISBLK(there.st_mode);
    if (exists && !device && !S_ISREG(there.st_mode))
        return fail(Errc::usage, "{}: neither a file nor a block device", path);
    auto file = KX_TRY(device ? open_device(path) : open_file(path, options));
    KX_TRY(options.may_write(file->fd.get()));
    Sink sink;
    sink.rewrites = true;
    sink.holes = !device;
    sink.write_at = [file](std::uint64_t offset, std::span<const std::byte> bytes) {
        return write_to(*file, offset, bytes);
    };
    sink.reserve = [file](std::uint64_t offset, std::uint64_t size) { return reserve_in(*file, offset, size); };
    sink.sync = [file]() -> Result<> {
        if (auto error = sync_file(file->name, file->fd.get()))
            return std::unexpected(std::move(*error));
        return {};
    };
    sink.finish = [file](std::uint64_t size) { return finish_file(*file, size); };
    sink.discard = [file] { discard_file(*file); };
    return sink;
}

namespace {

struct Stream {
    int fd;
    std::string name;
    std::uint64_t at = 0;
};

// Standard output may be a file or a device.
Result<> sync_stream(const Stream& stream) {
    struct stat status {};
    if (fstat(stream.fd, &status) != 0 || (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)))
        return {};
    if (auto error = sync_file(stream.name, stream.fd))
        return std::unexpected(std::move(*error));
    return {};
}

} // namespace

Sink stream_sink(int fd, std::string name) {
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
    sink.sync = [stream] { return sync_stream(*stream); };
    sink.finish = [stream, fill](std::uint64_t size) -> Result<> {
        if (Written gap = fill(size); gap.error)
            return std::unexpected(std::move(*gap.error));
        KX_TRY(sync_stream(*stream));
        if (auto error = close_copy(stream->name, stream->fd))
            return std::unexpected(std::move(*error));
        return {};
    };
    return sink;
}

} // namespace kx
