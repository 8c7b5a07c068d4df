// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/kdump_writer.h"

#include <algorithm>
#include <cstring>

namespace kx {
namespace {

constexpr std::size_t data_buffer = std::size_t{1} << 20;
constexpr std::size_t descriptor_buffer = std::size_t{64} << 10;
constexpr std::size_t bitmap_buffer = std::size_t{256} << 10;
constexpr std::size_t most_pending = 16384; // descriptors: half a MiB

template <typename T> std::span<const std::byte> bytes_of(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}

} // namespace

KdumpWriter::KdumpWriter(KdumpHead head, Sink& sink)
    : head_(std::move(head)), sink_(&sink), data_(sink, head_.places.data, data_buffer),
      descriptors_(sink, head_.places.descriptors, descriptor_buffer),
      compression_(head_.header.status & ~layout::kdump_incomplete) {}

Result<KdumpWriter> KdumpWriter::begin(const Dump& dump, const SaveOptions& options, const PageSet& all,
                                       const PageSet& kept, Sink& sink) {
    KdumpWriter writer(kdump_head(dump, options, all.end(), kept.count()), sink);
    KX_TRY(writer.write_front(all, kept));
    return writer;
}

Result<> KdumpWriter::write_front(const PageSet& all, const PageSet& kept) {
    const KdumpPlaces& places = head_.places;
    const auto no_room = [&](const Error& error) {
        return fail(error.code, "{}; a dump's headers and page table alone take {} bytes", error.message,
                    places.data + places.block_size);
    };
    const std::uint64_t begin = sink_->rewrites ? 0 : places.block_size; // the header comes last
    WriteBuffer front(*sink_, begin, bitmap_buffer);
    const std::vector<std::byte> head = head_.bytes();
    front.append(std::span(head).subspan(begin));
    std::vector<std::byte> bits(std::min<std::uint64_t>(bitmap_buffer, places.bitmap_size));
    for (const PageSet* set : {&all, &kept}) {
        for (std::uint64_t at = 0; at < places.bitmap_size && !front.error(); at += bits.size()) {
            const auto part = std::span(bits).first(std::min<std::uint64_t>(bits.size(), places.bitmap_size - at));
            set->copy_bits(at, part);
            front.append(part);
        }
    }
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
    if (auto finished = sink_->finish(data_.written_until()); !finished && !error_ && !sync_error_)
        sync_error_ = std::move(finished).error();
}

std::uint64_t KdumpWriter::bytes_written() const {
    return front_written_ + data_.bytes_written() + descriptors_.bytes_written();
}

} // namespace kx
