// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/kdump_writer.h"

#include "kdump/save/note_copy.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace kx {
namespace {

constexpr std::size_t data_buffer = std::size_t{1} << 20;
constexpr std::size_t descriptor_buffer = std::size_t{64} << 10;
constexpr std::size_t front_buffer = std::size_t{256} << 10;
constexpr std::uint64_t bitmap_piece = 4096;
constexpr std::uint64_t zeros_limit = std::uint64_t{1} << 30; // in bitmaps, where there are no holes
constexpr std::size_t most_pending = 16384;                   // descriptors: half a MiB

template <typename T> std::span<const std::byte> bytes_of(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}

// The bitmap without the blocks that are zeros.
void append_bitmap(WriteBuffer& out, const PageSet& set, std::uint64_t size) {
    const std::uint64_t begin = out.position();
    std::array<std::byte, bitmap_piece> bits;
    for (auto run = set.next_run(0, 1); run && !out.error();) {
        const std::uint64_t at = align_down(run->begin / 8, bitmap_piece);
        const auto part = std::span(bits).first(static_cast<std::size_t>(std::min(bitmap_piece, size - at)));
        set.copy_bits(at, part);
        out.zeros_until(begin + at);
        out.append(part);
        run = set.next_run((at + bitmap_piece) * 8, 1);
    }
    out.zeros_until(begin + size);
}

} // namespace

KdumpWriter::KdumpWriter(KdumpHead head, Sink& sink)
    : head_(std::move(head)), sink_(&sink), data_(sink, head_.places.data, data_buffer),
      descriptors_(sink, head_.places.descriptors, descriptor_buffer),
      compression_(head_.header.status & ~layout::kdump_incomplete) {}

Result<KdumpWriter> KdumpWriter::begin(const Dump& dump, const SaveOptions& options, const PageSet& all,
                                       const PageSet& kept, Sink& sink, Notices& notices) {
    KdumpWriter writer(KX_TRY(kdump_head(dump, options, all.end(), kept.count())), sink);
    KX_TRY(writer.check_bitmaps(dump, kept));
    KX_TRY(writer.write_front(dump, all, kept, notices));
    return writer;
}

// Memory that lies far up makes long bitmaps. A file has holes for them.
Result<> KdumpWriter::check_bitmaps(const Dump& dump, const PageSet& kept) const {
    const std::uint64_t size = 2 * head_.places.bitmap_size;
    if (sink_->holes || size <= zeros_limit || (size - zeros_limit) / 2 <= kept.count() * dump.page_size())
        return {};
    return fail(Errc::no_room,
                "{}: has memory up to {:#x}, for which the kdump format has bitmaps of {:#x} bytes, nearly all of them "
                "zeros; they are written to a file or a pipe, where they take no room, or use --format=elf",
                dump.path(), dump.memory().back().end, size);
}

Result<> KdumpWriter::write_front(const Dump& dump, const PageSet& all, const PageSet& kept, Notices& notices) {
    const KdumpPlaces& places = head_.places;
    const auto no_room = [&](const Error& error) {
        return fail(error.code, "{}; a dump's headers and page table alone take {} bytes", error.message,
                    places.data + places.block_size);
    };
    const std::uint64_t begin = sink_->rewrites ? 0 : places.block_size; // the header comes last
    WriteBuffer front(*sink_, begin, front_buffer);
    const std::vector<std::byte> head = head_.bytes();
    front.append(std::span(head).subspan(begin));
    copy_notes(dump, front, notices);
    front.zeros_until(places.bitmap);
    append_bitmap(front, all, places.bitmap_size);
    append_bitmap(front, kept, places.bitmap_size);
    front.flush();
    if (front.error())
        return no_room(*front.error());
    if (places.data > places.descriptors) {
        if (const Written reserved = sink_->reserve(places.descriptors, places.data - places.descriptors);
            reserved.error)
            return no_room(*reserved.error);
    }
    front_written_ = front.bytes_written();
    // A device may have an older dump on it, whose header must not be taken for this one's.
    if (sink_->rewrites && !sink_->holes)
        KX_TRY(sink_->sync());
    data_.append(std::vector<std::byte>(places.block_size)); // the page of all pages of zeros
    return {};
}

void KdumpWriter::add_page(const PackedPage& page, std::span<const std::byte> data) {
    Pending pending{{}, head_.places.data + head_.places.block_size};
    if (page.state == PackedPage::State::zero || page.state == PackedPage::State::unreadable) {
        pending.descriptor.offset = head_.places.data;
        pending.descriptor.size = static_cast<std::uint32_t>(head_.places.block_size);
    } else {
        pending.descriptor.offset = data_.position();
        pending.descriptor.size = page.size;
        pending.descriptor.flags = page.state == PackedPage::State::compressed ? compression_ : 0;
        data_.append(data);
        pending.data_end = data_.position();
    }
    pending_.push_back(pending);
}

bool KdumpWriter::add(const PageBatch& batch) {
    const std::span<const std::byte> data(batch.data);
    for (std::uint64_t at = 0; const PackedPage& page : batch.pages) {
        add_page(page, data.subspan(at, page.size));
        at += page.size;
    }
    settle();
    // Pages of zeros bring nothing that would fill the buffer, and wait for what is in it.
    if (pending_.size() > most_pending) {
        data_.flush();
        settle();
    }
    return !error_;
}

void KdumpWriter::settle() {
    if (!error_)
        error_ = data_.error();
    while (!pending_.empty() && pending_.front().data_end <= data_.written_until()) {
        descriptors_.append(bytes_of(pending_.front().descriptor));
        pending_.pop_front();
    }
    // What is cut off or killed from now on has them.
    if (described_until_ != data_.written_until())
        descriptors_.flush();
    described_until_ = data_.written_until();
    const std::uint64_t at = descriptors_.written_until() - head_.places.descriptors;
    pages_written_ = at / sizeof(layout::KdumpPage);
    if (!error_)
        error_ = descriptors_.error();
}

void KdumpWriter::write_header(bool whole) {
    if (whole)
        head_.header.status = compression_;
    std::vector<std::byte> block(sink_->rewrites ? sizeof head_.header : head_.places.block_size);
    std::memcpy(block.data(), &head_.header, sizeof head_.header);
    Written written = sink_->write_at(0, block);
    if (!error_)
        error_ = std::move(written.error);
}

// Of what may not be on the disk the header must not say that it is whole.
void KdumpWriter::unsay_whole() {
    head_.header.status = compression_ | layout::kdump_incomplete;
    write_header(false);
    [[maybe_unused]] const auto synced = sink_->sync(); // that this may fail is told already
}

void KdumpWriter::end(bool whole) {
    data_.flush();
    settle();
    descriptors_.flush();
    settle();
    whole = whole && !error_;
    if (auto synced = sink_->sync(); !synced)
        sync_error_ = std::move(synced).error();
    whole = whole && !sync_error_;
    if (whole || !sink_->rewrites)
        write_header(whole);
    if (auto finished = sink_->finish(data_.written_until()); !finished && !error_ && !sync_error_) {
        sync_error_ = std::move(finished).error();
        if (whole && sink_->rewrites)
            unsay_whole();
    }
}

std::uint64_t KdumpWriter::bytes_written() const {
    return front_written_ + data_.bytes_written() + descriptors_.bytes_written();
}

} // namespace kx
