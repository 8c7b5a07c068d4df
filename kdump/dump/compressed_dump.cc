// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/compressed_dump.h"

#include "include/layout/kdump.h"
#include "kdump/dump/page_reader.h"
#include "kdump/dump/vmcoreinfo.h"

#include <algorithm>
#include <mutex>

namespace kx {
namespace {

// The text of vmcoreinfo, where the file has it.
Result<std::string> text_of(const DumpFile& file, FilePart part, bool& cut) {
    if (part.size > Vmcoreinfo::size_limit)
        return fail(Errc::malformed, "its vmcoreinfo has {:#x} bytes, more than {:#x}", part.size,
                    Vmcoreinfo::size_limit);
    const bool inside = part.offset <= file.size() && part.size <= file.size() - part.offset;
    cut |= !inside;
    const auto text = KX_TRY(within("vmcoreinfo", file.content(inside ? part.offset : 0, inside ? part.size : 0)));
    return std::string(reinterpret_cast<const char*>(text.data()), text.size());
}

// Whether the file has all of a page, by its descriptor.
bool is_there(const DumpFile& file, const CompressedHeader& header, PageReader& reader, std::uint64_t rank) {
    const auto page = reader.descriptor(file, header, rank);
    return page && page->offset <= file.size() && page->size <= file.size() - page->offset;
}

// Whether the last pages, which are written last, are in the file.
bool is_whole(const DumpFile& file, const CompressedHeader& header, std::uint64_t pages) {
    PageReader reader;
    for (std::uint64_t rank = pages - std::min<std::uint64_t>(pages, 64); rank < pages; ++rank) {
        if (!is_there(file, header, reader, rank))
            return false;
    }
    return true;
}

} // namespace

// Readers that nobody uses now: as many as there were threads at once.
struct CompressedDump::Readers {
    std::mutex mutex;
    std::vector<std::unique_ptr<PageReader>> idle;

    std::unique_ptr<PageReader> take() {
        const std::lock_guard lock(mutex);
        if (idle.empty())
            return std::make_unique<PageReader>();
        auto reader = std::move(idle.back());
        idle.pop_back();
        return reader;
    }
    void give_back(std::unique_ptr<PageReader> reader) {
        const std::lock_guard lock(mutex);
        idle.push_back(std::move(reader));
    }
};

CompressedDump::CompressedDump() : readers_(std::make_unique<Readers>()) {}
CompressedDump::CompressedDump(CompressedDump&&) noexcept = default;
CompressedDump& CompressedDump::operator=(CompressedDump&&) noexcept = default;
CompressedDump::~CompressedDump() = default;

Result<CompressedDump> CompressedDump::parse(const DumpFile& file) {
    CompressedDump dump;
    dump.header = KX_TRY(parse_compressed_header(file));
    const CompressedHeader& header = dump.header;
    dump.notes.add(file, header.notes, "ELF notes");
    if (auto text = text_of(file, header.vmcoreinfo, dump.cut))
        dump.notes.add_vmcoreinfo(std::move(*text));
    else if (dump.notes.damage.empty())
        dump.notes.damage = std::move(text).error().message;
    dump.memory = KX_TRY(ranges_in_bitmap(file, header.memory_bitmap.offset, header.frames, header.block_size));
    dump.dumped_ = KX_TRY(PageBitmap::read(file, header.dumped_bitmap.offset, header.frames));
    const std::uint64_t room = file.size() - std::min(file.size(), header.descriptors);
    if (const std::uint64_t most = room / sizeof(layout::KdumpPage); dump.dumped_.count() > most) {
        dump.cut = true;
        dump.dumped_.keep_first(most);
        dump.told_until_ = dump.dumped_.end();
    }
    dump.cut |= (header.status & layout::kdump_incomplete) != 0 || header.descriptors > file.size() ||
                !is_whole(file, header, dump.dumped_.count());
    return dump;
}

std::unexpected<Error> CompressedDump::missing(std::uint64_t address) const {
    const auto after = std::upper_bound(memory.begin(), memory.end(), address,
                                        [](std::uint64_t at, PhysRange range) { return at < range.begin; });
    if (after != memory.begin() && std::prev(after)->contains(address))
        return fail(Errc::not_found, "the memory at {:#x} is not in the dump: {}", address,
                    cut ? "it was left out, or the file ends early" : "it was left out");
    return fail(Errc::not_found, "the dump speaks of no memory at {:#x}", address);
}

Result<> CompressedDump::read_page(const DumpFile& file, std::uint64_t frame, std::uint64_t offset,
                                   std::span<std::byte> out) const {
    const auto rank = dumped_.rank(frame);
    if (!rank)
        return missing(frame * header.block_size + offset);
    auto reader = readers_->take();
    auto read = reader->read(file, header, *rank, offset, out);
    readers_->give_back(std::move(reader));
    if (!read)
        return fail(read.error().code, "the page at {:#x} cannot be read: {}", frame * header.block_size,
                    read.error().message);
    return {};
}

Result<> CompressedDump::read(const DumpFile& file, std::uint64_t address, std::span<std::byte> out) const {
    while (!out.empty()) {
        const std::uint64_t offset = address % header.block_size;
        const auto part = out.first(std::min<std::uint64_t>(out.size(), header.block_size - offset));
        KX_TRY(read_page(file, address / header.block_size, offset, part));
        address += part.size();
        out = out.subspan(part.size());
    }
    return {};
}

bool CompressedDump::has(const DumpFile& file, std::uint64_t address) const {
    const auto rank = dumped_.rank(address / header.block_size);
    if (!rank || !cut)
        return rank.has_value();
    auto reader = readers_->take();
    const bool there = is_there(file, header, *reader, *rank);
    readers_->give_back(std::move(reader));
    return there;
}

bool CompressedDump::is_lost(const DumpFile& file, std::uint64_t address) const {
    const std::uint64_t frame = address / header.block_size;
    return frame >= told_until_ || (dumped_.rank(frame) && !has(file, address));
}

std::optional<PhysRange> CompressedDump::next_present(std::uint64_t from) const {
    const auto run = dumped_.next_run(from / header.block_size);
    if (!run)
        return std::nullopt;
    return PhysRange{std::max(from, run->first * header.block_size), run->second * header.block_size};
}

std::uint64_t CompressedDump::stored_size(const DumpFile& file, std::uint64_t address) const {
    const auto rank = dumped_.rank(address / header.block_size);
    if (!rank)
        return 0;
    auto reader = readers_->take();
    const auto page = reader->descriptor(file, header, *rank);
    readers_->give_back(std::move(reader));
    return page ? std::uint32_t{page->size} : 0;
}

std::uint64_t CompressedDump::pages_present(const DumpFile& file) const {
    if (!cut)
        return dumped_.count();
    PageReader reader;
    std::uint64_t pages = 0;
    for (std::uint64_t rank = 0; rank < dumped_.count(); ++rank)
        pages += is_there(file, header, reader, rank);
    return pages;
}

} // namespace kx
