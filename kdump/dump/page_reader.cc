// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/page_reader.h"

#include <algorithm>
#include <cstring>

namespace kx {

Result<std::span<const std::byte>> ReadAhead::at(const DumpFile& file, std::uint64_t offset, std::uint64_t length) {
    const std::uint64_t end = begin_ + bytes_.size();
    if (offset >= begin_ && offset <= end && length <= end - offset)
        return std::span<const std::byte>(bytes_).subspan(offset - begin_, length);
    if (offset > file.size() || length > file.size() - offset)
        return fail(Errc::malformed, "{:#x}+{:#x} runs past the end ({:#x})", offset, length, file.size());

    const bool goes_up = offset >= begin_ && offset <= end;
    const std::uint64_t wanted = goes_up ? std::max(length, std::min(most_, file.size() - offset)) : length;
    bytes_.resize(wanted);
    begin_ = offset;
    if (auto read = file.read(offset, bytes_); !read) {
        bytes_.clear();
        return std::unexpected(std::move(read).error());
    }
    return std::span<const std::byte>(bytes_).first(length);
}

Result<layout::KdumpPage> PageReader::descriptor(const DumpFile& file, const CompressedHeader& header,
                                                 std::uint64_t rank) {
    const std::uint64_t offset = header.descriptors + rank * sizeof(layout::KdumpPage);
    const auto bytes = KX_TRY(within("its descriptor", descriptors_.at(file, offset, sizeof(layout::KdumpPage))));
    layout::KdumpPage page;
    std::memcpy(&page, bytes.data(), sizeof(page));
    if (page.offset == 0 && page.size == 0)
        return fail(Errc::not_found, "the dump ended before it was written");
    if (page.size > header.block_size || page.size == 0)
        return fail(Errc::malformed, "its descriptor at {:#x} says that it has {:#x} bytes", offset,
                    std::uint32_t{page.size});
    return page;
}

Result<> PageReader::unpack(const DumpFile& file, const layout::KdumpPage& page, std::span<std::byte> out) {
    const auto packed = KX_TRY(data_.at(file, page.offset, std::uint32_t{page.size}));
    return codec_.unpack(page.flags, packed, out);
}

Result<> PageReader::read(const DumpFile& file, const CompressedHeader& header, std::uint64_t rank,
                          std::uint64_t offset, std::span<std::byte> out) {
    if (unpacked_rank_ != rank) {
        const auto page = KX_TRY(descriptor(file, header, rank));
        if (out.size() == header.block_size)
            return unpack(file, page, out);
        unpacked_rank_ = UINT64_MAX;
        unpacked_.resize(header.block_size);
        KX_TRY(unpack(file, page, unpacked_));
        unpacked_rank_ = rank;
    }
    std::memcpy(out.data(), unpacked_.data() + offset, out.size());
    return {};
}

} // namespace kx
