// SPDX-License-Identifier: GPL-2.0-or-later
// Where the bytes of a dump go: a file, a block device, a stream; in tests, something that fails when told to.
#pragma once

#include "kexec/core/file.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace kx {

// How far a write came. `error`: Errc::no_room for a full disk, quota, file size limit or end of a device; io else.
struct Written {
    std::uint64_t bytes = 0;
    std::optional<Error> error;
};

struct Sink {
    // At this offset in the dump. Never empty.
    std::function<Written(std::uint64_t offset, std::span<const std::byte> bytes)> write_at;
    // Makes sure that later writes into these bytes do not fail for lack of room; they read as zeros until then.
    std::function<Written(std::uint64_t offset, std::uint64_t size)> reserve;
    // When it returns, everything that was written is on the disk, if there is one. Errc::io: some of it may never get
    // there. A second call would not report that again.
    std::function<Result<>()> sync = [] { return Result<>{}; };
    // The dump is this long; all is on the disk when it returns. Nothing is written behind it.
    std::function<Result<>(std::uint64_t size)> finish;
    // Nothing of use was written: removes the file that was made, unless somebody else has put another in its place.
    std::function<void()> discard = [] {};
    bool rewrites = false;   // what was written may be written again
    bool sequential = false; // each write begins where the one before ended
    bool holes = false;      // what is not written reads as zeros
};

struct FileSinkOptions {
    bool force = false; // over an existing file
    // Called with the opened descriptor before anything is changed; file_sink returns its error.
    std::function<Result<>(int fd)> may_write = [](int) { return Result<>{}; };
};

// A regular file, made with mode 0600, or a block device that nobody else has opened for its own (a mounted one is
// refused). The first write removes what it held before. Errc::usage for an existing file without `force`.
Result<Sink> file_sink(const std::string& path, const FileSinkOptions& options);

// A plain stream: offsets must not go back, gaps are filled with zeros. The descriptor is borrowed. Where it is a file
// or a block device, all is on the disk when `finish` returns.
Sink stream_sink(int fd, std::string name);

// The flattened form of any dump, over a stream: records that `makedumpfile -R` puts in their places. No two records
// may have the same bytes of the dump, because readers differ in which of them they take.
Result<Sink> flattened_sink(Sink stream);

// What comes in is compressed as one frame: a .zst, .lz4 or .gz file. More than one thread is for zstd only.
enum class FrameFormat { zstd, lz4, gzip };
Result<Sink> frame_sink(Sink stream, FrameFormat format, unsigned threads);

} // namespace kx
