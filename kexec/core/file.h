// SPDX-License-Identifier: GPL-2.0-or-later
// Input files are mapped once and never copied. What cannot be mapped (a pipe) is read into a sealed memfd first.
#pragma once

#include "kexec/core/bytes.h"
#include "kexec/core/result.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <sys/stat.h>

namespace kx {

// An owned file descriptor.
class FileDescriptor {
public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~FileDescriptor();

    int get() const { return fd_; }
    // The caller closes it.
    int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

class Mapping;

// A whole input file, opened once and mapped read-only for as long as the object, or any Bytes taken from it, lives.
//
// A mapped file can change or shrink under its reader, and its disk can fail. Bytes that cannot be read then are zeros;
// they do not end the process with SIGBUS (the first mapping installs the handler). `unchanged` tells afterwards. A
// verb has to ask it before it makes a load, and again before it calls the load done.
class File {
public:
    // Refuses a directory, a device, an empty, missing or unreadable file, more than 4 GiB from a pipe, and a pipe that
    // nobody opens for writing (5 s) or that brings nothing for 60 s. The message names the file.
    static Result<File> open(const std::string& path);

    const std::string& path() const { return path_; }
    const Bytes& bytes() const { return bytes_; }
    // Of the file itself; of the sealed memfd where it could not be mapped. Valid as long as the File.
    int fd() const { return fd_.get(); }

    // Whether every byte could be read so far, and the opened file still has the size and times that it had. ctime
    // catches writes that restore mtime.
    Result<> unchanged() const;

private:
    File() = default;

    std::string path_;
    FileDescriptor fd_;
    struct stat opened_ {};
    std::shared_ptr<const Mapping> mapping_;
    Bytes bytes_;
};

// A part of a file that is too large to be mapped whole, mapped read-only as long as the object lives. Bytes that
// cannot be read are zeros, as those of a File. At most 64 Files and parts at a time.
class MappedPart {
public:
    MappedPart() = default; // no bytes

    // `offset` is a multiple of the system's page size. Errc::unsupported where this kind of file cannot be mapped.
    static Result<MappedPart> map(int fd, std::uint64_t offset, std::uint64_t length);

    std::span<const std::byte> bytes() const;
    bool lost() const; // some of the bytes that were read so far are zeros instead of the file's

private:
    std::shared_ptr<const Mapping> mapping_;
};

// Opens for reading without waiting: a FIFO opens whether or not anybody writes to it, and its reads do not block. A
// character device is not opened at all: opening some does something (Errc::usage).
Result<FileDescriptor> open_input(const std::string& path);

// How long a reader waits for a FIFO that it did not block to open.
struct PipePatience {
    std::chrono::milliseconds for_writer;              // until somebody opens it for writing
    std::optional<std::chrono::milliseconds> for_data; // then, for each next byte; nothing: for ever
};

// What can be read from `source`, in a sealed memfd at its beginning. Errc::unsupported for more than `limit` bytes,
// Errc::io where patience runs out.
Result<FileDescriptor> read_into_memfd(const std::string& name, int source, std::uint64_t limit, PipePatience patience);

// A sealed memfd with this content (F_SEAL_SHRINK, GROW, WRITE and SEAL), positioned at its beginning, for system
// calls that want a descriptor. `name` shows in /proc only.
Result<FileDescriptor> sealed_memfd(const std::string& name, ByteView content);

} // namespace kx
