// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/layout/kdump.h"
#include "kdump/save/sink.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <vector>

namespace kx {
namespace {

struct Flattened {
    Sink stream;
    std::uint64_t at = 0;       // in the stream
    std::uint64_t end = 0;      // of the dump, as far as records have it
    std::optional<Error> error; // a record may have been cut: what came behind it would be taken for its bytes
};

Written append(Flattened& out, std::span<const std::byte> bytes) {
    if (out.error)
        return {0, out.error};
    if (bytes.empty())
        return {};
    Written written = out.stream.write_at(out.at, bytes);
    out.at += written.bytes;
    out.error = written.error;
    return written;
}

Written append_header(Flattened& out) {
    std::vector<std::byte> first(layout::flattened_header_size);
    layout::FlattenedHeader header{};
    std::memcpy(header.signature, layout::flattened_signature.data(), sizeof header.signature);
    header.type = layout::flattened_type;
    header.version = layout::flattened_version;
    std::memcpy(first.data(), &header, sizeof header);
    return append(out, first);
}

Written append_record(Flattened& out, std::uint64_t offset, std::uint64_t size, std::span<const std::byte> bytes) {
    if (out.at == 0) {
        if (const Written written = append_header(out); written.error)
            return {0, written.error};
    }
    const layout::FlattenedRecord header{offset, size};
    if (const Written written = append(out, std::as_bytes(std::span(&header, 1))); written.error)
        return {0, written.error};
    Written written = append(out, bytes);
    if (!bytes.empty())
        out.end = std::max(out.end, offset + size);
    return written;
}

} // namespace

Result<Sink> flattened_sink(Sink stream) {
    auto out = std::make_shared<Flattened>();
    out->stream = std::move(stream);
    Sink sink;
    sink.holes = true; // `makedumpfile -R` seeks over what no record has
    sink.write_at = [out](std::uint64_t offset, std::span<const std::byte> bytes) {
        return append_record(*out, offset, bytes.size(), bytes);
    };
    sink.reserve = [](std::uint64_t, std::uint64_t size) { return Written{size, std::nullopt}; };
    sink.sync = [out] { return out->stream.sync(); };
    sink.discard = out->stream.discard;
    sink.finish = [out](std::uint64_t size) -> Result<> {
        // The file gets its whole length.
        if (size > out->end) {
            if (Written written = append_record(*out, size - 1, 1, std::array{std::byte{0}}); written.error)
                return std::unexpected(std::move(*written.error));
        }
        if (Written written = append_record(*out, UINT64_MAX, UINT64_MAX, {}); written.error)
            return std::unexpected(std::move(*written.error));
        return out->stream.finish(out->at);
    };
    return sink;
}

} // namespace kx
