// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/dump_window.h"

#include "kdump/dump/dump_state.h"
#include "kexec/core/page_size.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::uint64_t map_ahead = std::uint64_t{8} << 20;
constexpr std::uint64_t read_ahead = std::uint64_t{256} << 10;

} // namespace

Result<std::span<const std::byte>> DumpWindow::at(std::uint64_t address, std::uint64_t length) {
    if (length > length_limit)
        return fail(Errc::usage, "a window of {:#x} bytes, more than {:#x}", length, length_limit);
    const Vmcore* vmcore = dump_->vmcore();
    const VmcorePiece* piece = vmcore ? vmcore->find(address) : nullptr;
    const auto fd = dump_->state_->file.mappable();
    if (can_map_ && fd && piece && length <= piece->memory.end - address) {
        auto part = mapped(*fd, *piece, address, length);
        if (part || part.error().code != Errc::unsupported)
            return part;
        can_map_ = false;
    }
    const std::uint64_t in_piece = piece ? piece->memory.end - address : 0;
    return copied(address, length, std::max(length, std::min(read_ahead, in_piece)));
}

// Maps a new window where the present one does not have the address: from the page of the file that has it, and ahead
// as far as the file and the piece go.
Result<std::span<const std::byte>> DumpWindow::mapped(int fd, const VmcorePiece& piece, std::uint64_t address,
                                                      std::uint64_t length) {
    const std::uint64_t offset = piece.file_offset + (address - piece.memory.begin);
    const std::uint64_t have = mapped_.bytes().size();
    const std::uint64_t inside = offset - mapped_offset_; // huge for an offset before it
    if (inside > have || length > have - inside) {
        const std::uint64_t begin = align_down(offset, own_page_size());
        const std::uint64_t piece_end = piece.file_offset + piece.memory.size();
        const std::uint64_t end = std::max(offset + length, std::min(piece_end, begin + map_ahead));
        mapped_ = MappedPart();
        mapped_ = KX_TRY(MappedPart::map(fd, begin, end - begin));
        mapped_offset_ = begin;
    }
    return mapped_.bytes().subspan(offset - mapped_offset_, length);
}

Result<std::span<const std::byte>> DumpWindow::copied(std::uint64_t address, std::uint64_t length,
                                                      std::uint64_t ahead) {
    const std::uint64_t have = buffer_.size();
    const std::uint64_t inside = address - buffer_address_;
    if (inside <= have && length <= have - inside)
        return std::span<const std::byte>(buffer_).subspan(inside, length);
    buffer_.resize(ahead);
    buffer_address_ = address;
    auto read = dump_->read_physical(address, buffer_);
    if (!read && ahead > length) {
        buffer_.resize(length);
        read = dump_->read_physical(address, buffer_);
    }
    if (!read) {
        buffer_.clear();
        return std::unexpected(std::move(read).error());
    }
    return std::span<const std::byte>(buffer_).first(length);
}

} // namespace kx
