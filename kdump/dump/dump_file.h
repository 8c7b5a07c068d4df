// SPDX-License-Identifier: GPL-2.0-or-later
// The file of a dump, by offset: a regular file, /proc/vmcore, a block device, or what comes through a pipe. A
// flattened dump looks like the file that it stands for. Safe to read from many threads.
#pragma once

#include "include/wire.h"
#include "kdump/dump/flattened.h"
#include "kexec/core/file.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kx {

class DumpFile {
public:
    // "-" is standard input. A pipe is kept in memory, 4 GiB of it at most.
    static Result<DumpFile> open(const std::string& path);

    const std::string& path() const { return path_; } // "standard input" for "-"
    std::uint64_t size() const { return flattened_ ? flattened_->size() : file_size_; }
    std::uint64_t file_size() const { return file_size_; } // of the file itself, flattened or not
    bool flattened() const { return flattened_.has_value(); }
    bool cut() const { return flattened_ && flattened_->cut(); } // a flattened dump without its end

    // All of `out` or an error: Errc::malformed past the end, Errc::io where the system cannot read. Messages do not
    // name the file.
    Result<> read(std::uint64_t offset, std::span<std::byte> out) const;

    template <WireLayout T> Result<T> read(std::uint64_t offset) const {
        T value{};
        KX_TRY(read(offset, std::as_writable_bytes(std::span(&value, 1))));
        return value;
    }
    // `length` bytes; more than the file holds fails before anything is allocated.
    Result<std::vector<std::byte>> content(std::uint64_t offset, std::uint64_t length) const;

    // The first offset from here on that may have other bytes than zeros; the size if there is none.
    std::uint64_t data_from(std::uint64_t offset) const;

    // The end of the data here: where a hole begins, or the file ends.
    std::uint64_t hole_from(std::uint64_t offset) const;

    // Writing to this descriptor would change what is read (core/shared_bytes.h).
    bool is_read_from(int fd) const;

    // A descriptor whose offsets are this file's, for mapping parts of it; nothing where there is none.
    std::optional<int> mappable() const;

private:
    DumpFile() = default;
    Result<> read_plain(std::uint64_t offset, std::span<std::byte> out) const;

    std::string path_;
    FileDescriptor fd_;
    std::uint64_t file_size_ = 0;
    std::optional<FlattenedIndex> flattened_;
};

} // namespace kx
