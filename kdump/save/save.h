// SPDX-License-Identifier: GPL-2.0-or-later
// Writes a dump of the pages that are worth keeping.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/save/sink.h"
#include "kexec/core/notices.h"
#include "kexec/core/result.h"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>

namespace kx {

// What --level adds up, as makedumpfile's -d has it.
namespace leave_out {
inline constexpr unsigned zero = 1;          // pages of zeros
inline constexpr unsigned cache = 2;         // page cache without private data
inline constexpr unsigned private_cache = 4; // page cache, all of it
inline constexpr unsigned user = 8;          // user processes' pages
inline constexpr unsigned free = 16;         // free pages
inline constexpr unsigned all = 31;
} // namespace leave_out

enum class SaveCompression { none, zlib, lz4, zstd };
enum class SaveFormat { kdump, elf };

struct SaveProgress {
    std::uint64_t pages_done = 0; // of those that are to be written
    std::uint64_t pages_to_do = 0;
    std::uint64_t bytes_written = 0;
};

struct SaveOptions {
    unsigned level = leave_out::all;
    SaveCompression compression = SaveCompression::zstd; // of each page; SaveFormat::kdump only, and not lz4
    SaveFormat format = SaveFormat::kdump;
    unsigned threads = 1; // that read and compress; 1: the caller's own
    // Asked by the caller's thread every few hundred pages, and while pages are being judged (then of no progress);
    // false: stop, and leave what was written readable.
    std::function<bool(const SaveProgress&)> proceed;
};

// Pages that were left out, and why. The first five are the order of the level's bits.
struct LeftOut {
    std::array<std::uint64_t, 5> by_level{}; // zero, cache, private cache, user, free
    std::uint64_t poisoned = 0;              // the memory is damaged: never read
    std::uint64_t offline = 0;               // given back to the host, or not plugged: never read
    std::uint64_t missing = 0;               // the source itself has left them out
    std::uint64_t unreadable = 0;            // the source failed to give them
};

struct SaveResult {
    std::uint64_t pages_total = 0;   // of RAM
    std::uint64_t pages_to_do = 0;   // that the filter kept
    std::uint64_t pages_written = 0; // zero pages among them, where they share one
    LeftOut left_out;
    std::uint64_t bytes_written = 0; // that the destination took; its holes are not in it
    // Only a part was written, and that part can be read: the destination was full or failed, or `proceed` said stop
    // (then without an error).
    bool incomplete = false;
    std::optional<Error> stopped_by;
    // Everything was written so far, but may not be on the disk.
    std::optional<Error> not_on_disk;
};

// Errc::unsupported for machines whose dumps this program cannot write, because nobody could read them again.
Result<> check_savable(const Dump& dump, SaveFormat format);

// An error if not even the headers could be written: the destination then holds nothing of use. Errc::malformed, with
// nothing written, if the source has no page of memory. Notices tell which pages could not be left out, and why.
Result<SaveResult> save(const Dump& dump, Sink& sink, const SaveOptions& options, Notices& notices);

} // namespace kx
