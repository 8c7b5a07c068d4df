// SPDX-License-Identifier: GPL-2.0-or-later
// Where the bytes of a flattened dump are (layout/kdump.h): its records, put in order. If records overlap, the later
// one counts; bytes that no record has are zeros.
#pragma once

#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace kx {

class FlattenedIndex {
public:
    using Read = std::function<Result<>(std::uint64_t file_offset, std::span<std::byte> out)>;

    // Whether the first bytes of a file are a flattened dump's.
    static bool begins(std::span<const std::byte> first);

    // Reads each record's header once. Errc::malformed for records that cannot be, Errc::unsupported for a kind of
    // flattened dump that is not known and for more records than a dump has.
    static Result<FlattenedIndex> of(std::uint64_t file_size, const Read& read);

    std::uint64_t size() const { return extents_.empty() ? 0 : extents_.back().end; } // of the dump it stands for
    bool cut() const { return cut_; }                                                 // no last record

    // The first offset from here on that a record has; size() if there is none.
    std::uint64_t data_from(std::uint64_t offset) const;

    // The end of the record that has this offset.
    std::uint64_t hole_from(std::uint64_t offset) const;

    // `read` reads the flattened file. The range lies in [0, size()).
    Result<> read(std::uint64_t offset, std::span<std::byte> out, const Read& read) const;

private:
    struct Extent {
        std::uint64_t begin; // in the dump
        std::uint64_t end;
        std::uint64_t file_offset; // of `begin`, in the flattened file
    };

    std::vector<Extent>::const_iterator first_behind(std::uint64_t offset) const;

    std::vector<Extent> extents_; // sorted, disjoint
    bool cut_ = false;
};

} // namespace kx
