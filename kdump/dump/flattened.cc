// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/flattened.h"

#include "include/layout/kdump.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace kx {
namespace {

constexpr std::uint64_t record_limit = std::uint64_t{1} << 24; // a dump of some 64 TiB
constexpr std::uint64_t dump_size_limit = std::uint64_t{1} << 62;

template <typename T> Result<T> read_as(std::uint64_t offset, const FlattenedIndex::Read& read) {
    T value{};
    KX_TRY(read(offset, std::as_writable_bytes(std::span(&value, 1))));
    return value;
}

struct Piece {
    std::uint64_t end;
    std::uint64_t file_offset;
};
using Pieces = std::map<std::uint64_t, Piece>; // by begin

// Puts [begin, end) over whatever is there.
void overwrite(Pieces& pieces, std::uint64_t begin, Piece piece) {
    auto next = pieces.lower_bound(begin);
    if (next != pieces.begin()) {
        const auto before = std::prev(next);
        const Piece old = before->second;
        if (old.end > begin) {
            before->second.end = begin;
            if (old.end > piece.end)
                next = pieces.emplace(piece.end, Piece{old.end, old.file_offset + (piece.end - before->first)}).first;
        }
    }
    while (next != pieces.end() && next->first < piece.end) {
        if (next->second.end > piece.end) {
            const Piece old = next->second;
            pieces.emplace(piece.end, Piece{old.end, old.file_offset + (piece.end - next->first)});
        }
        next = pieces.erase(next);
    }
    pieces.insert_or_assign(begin, piece);
}

Result<> check_header(const FlattenedIndex::Read& read) {
    const auto header = KX_TRY(read_as<layout::FlattenedHeader>(0, read));
    if (header.type != layout::flattened_type || header.version != layout::flattened_version)
        return fail(Errc::unsupported, "a flattened dump of type {} and version {}; only type 1, version 1 is known",
                    std::uint64_t{header.type}, std::uint64_t{header.version});
    return {};
}

} // namespace

bool FlattenedIndex::begins(std::span<const std::byte> first) {
    const auto magic = layout::flattened_signature;
    return first.size() >= magic.size() && std::memcmp(first.data(), magic.data(), magic.size()) == 0;
}

Result<FlattenedIndex> FlattenedIndex::of(std::uint64_t file_size, const Read& read) {
    KX_TRY(check_header(read));
    constexpr std::uint64_t last = UINT64_MAX;
    FlattenedIndex index;
    Pieces pieces;
    std::uint64_t at = layout::flattened_header_size;
    for (std::uint64_t records = 0;; ++records) {
        if (at > file_size || file_size - at < sizeof(layout::FlattenedRecord)) {
            index.cut_ = true;
            break;
        }
        const auto record = KX_TRY(read_as<layout::FlattenedRecord>(at, read));
        const std::uint64_t offset = record.offset;
        const std::uint64_t size = record.size;
        if (offset == last && size == last)
            break;
        if (records == record_limit)
            return fail(Errc::unsupported, "more than {} records in a flattened dump", record_limit);
        if (offset > dump_size_limit || size > dump_size_limit)
            return fail(Errc::malformed, "the flattened dump's record at {:#x} speaks of {:#x} bytes at {:#x}", at,
                        size, offset);
        at += sizeof(layout::FlattenedRecord);
        const std::uint64_t present = std::min(size, file_size - at);
        if (present)
            overwrite(pieces, offset, {offset + present, at});
        if (present < size) {
            index.cut_ = true;
            break;
        }
        at += size;
    }
    index.extents_.reserve(pieces.size());
    for (const auto& [begin, piece] : pieces)
        index.extents_.push_back({begin, piece.end, piece.file_offset});
    return index;
}

// The first extent that ends behind this offset.
std::vector<FlattenedIndex::Extent>::const_iterator FlattenedIndex::first_behind(std::uint64_t offset) const {
    return std::upper_bound(extents_.begin(), extents_.end(), offset,
                            [](std::uint64_t at, const Extent& e) { return at < e.end; });
}

std::uint64_t FlattenedIndex::data_from(std::uint64_t offset) const {
    const auto extent = first_behind(offset);
    return extent == extents_.end() ? size() : std::max(offset, extent->begin);
}

std::uint64_t FlattenedIndex::hole_from(std::uint64_t offset) const {
    const auto extent = first_behind(offset);
    return extent == extents_.end() || extent->begin > offset ? offset : extent->end;
}

Result<> FlattenedIndex::read(std::uint64_t offset, std::span<std::byte> out, const Read& read) const {
    auto extent = first_behind(offset);
    while (!out.empty()) {
        const bool inside = extent != extents_.end() && extent->begin <= offset;
        const std::uint64_t until = extent == extents_.end() ? UINT64_MAX : inside ? extent->end : extent->begin;
        const auto part = out.first(std::min<std::uint64_t>(out.size(), until - offset));
        if (inside) {
            KX_TRY(read(extent->file_offset + (offset - extent->begin), part));
            ++extent;
        } else {
            std::fill(part.begin(), part.end(), std::byte{});
        }
        offset += part.size();
        out = out.subspan(part.size());
    }
    return {};
}

} // namespace kx
