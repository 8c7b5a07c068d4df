// SPDX-License-Identifier: GPL-2.0-or-later
// Synthetic dumps in the kdump-compressed format, and the flattened form of any dump:
//
//     KdumpBuilder kdump;
//     kdump.memory = {{0, 16}};
//     kdump.page(3, std::string(4096, 'x'));
//     auto file = flattened(kdump.build());
//
// `patch…` members get the last word, so that a test can lie.
#pragma once

#include "include/layout/kdump.h"
#include "tests/unit/kdump/dump/vmcore_builder.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <zlib.h>
#include <zstd.h>

namespace kx::test {

// How long the text is that the page repeats.
inline std::size_t period_of(const std::string& page) {
    std::size_t period = 4;
    while (page.compare(period, page.npos, page, 0, page.size() - period) != 0)
        ++period;
    return period;
}

// A literal run, then copies of 64 bytes at most (snappy's format_description.txt). Periods up to 60.
inline std::string packed_by_snappy(const std::string& page) {
    const std::size_t period = period_of(page);
    std::string out("\x80\x20", 2); // varint 4096
    out += static_cast<char>((period - 1) << 2);
    out += page.substr(0, period);
    for (std::size_t at = period; at < page.size(); at += 64)
        out += std::string{static_cast<char>((std::min<std::size_t>(64, page.size() - at) - 1) << 2 | 2),
                           static_cast<char>(period), '\0'};
    return out;
}

// A literal run, one copy and the end (Documentation/staging/lzo.rst). Periods up to 60.
inline std::string packed_by_lzo(const std::string& page) {
    const std::size_t period = period_of(page);
    const std::size_t more = page.size() - period - 2 - 31 - 1;
    return static_cast<char>(17 + period) + page.substr(0, period) + ' ' + std::string(more / 255, '\0') +
           std::string{static_cast<char>(more % 255 + 1), static_cast<char>((period - 1) << 2), '\0'} +
           std::string("\x11\0\0", 3);
}

// A page packed as `flags` say; for lzo and snappy it repeats a short text.
inline std::string packed_page(const std::string& page, std::uint32_t flags) {
    if (flags == layout::kdump_zlib) {
        auto size = compressBound(page.size());
        std::string out(size, '\0');
        compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(page.data()), page.size());
        return out.substr(0, size);
    }
    if (flags == layout::kdump_zstd) {
        std::string out(ZSTD_compressBound(page.size()), '\0');
        return out.substr(0, ZSTD_compress(out.data(), out.size(), page.data(), page.size(), 1));
    }
    if (flags == layout::kdump_snappy)
        return packed_by_snappy(page);
    if (flags == layout::kdump_lzo)
        return packed_by_lzo(page);
    return page;
}

class KdumpBuilder {
public:
    std::uint32_t version = 6;
    std::string machine = "x86_64";
    std::uint32_t status = 0;
    std::uint64_t phys_base = 0;
    std::uint64_t block = 4096;
    std::uint64_t frames = 64;                                               // of `block` bytes, as all frames here
    std::vector<std::pair<std::uint64_t, std::uint64_t>> memory = {{0, 64}}; // page frames, half open
    std::string vmcoreinfo;
    std::string notes;
    std::function<void(layout::KdumpHeader&)> patch_header = [](auto&) {};
    std::function<void(layout::KdumpSubHeader&)> patch_sub_header = [](auto&) {};
    std::function<void(std::uint64_t frame, layout::KdumpPage&)> patch_page = [](auto, auto&) {};

    KdumpBuilder& page(std::uint64_t frame, const std::string& content, std::uint32_t flags = 0) {
        pages_[frame] = {packed_page(content, flags), flags};
        return *this;
    }
    KdumpBuilder& packed(std::uint64_t frame, std::string content, std::uint32_t flags) {
        pages_[frame] = {std::move(content), flags};
        return *this;
    }

    std::string build() const {
        const std::string tail = padded_to(sub_header_and_parts(), block);
        const std::uint64_t bitmap_size = (frames / 8 + block) / block * block;
        layout::KdumpHeader header{};
        std::memcpy(header.signature, layout::kdump_signature.data(), sizeof(header.signature));
        header.version = version;
        std::memcpy(header.machine, machine.data(), machine.size());
        header.status = status;
        header.block_size = static_cast<std::uint32_t>(block);
        header.sub_header_blocks = static_cast<std::uint32_t>(tail.size() / block);
        header.bitmap_blocks = static_cast<std::uint32_t>(2 * bitmap_size / block);
        header.max_mapnr = static_cast<std::uint32_t>(frames);
        patch_header(header);

        std::string of_memory(bitmap_size, '\0');
        for (const auto& [begin, end] : memory)
            for (std::uint64_t frame = begin; frame < end; ++frame)
                set_bit(of_memory, frame);
        std::string of_pages(bitmap_size, '\0');
        for (const auto& [frame, content] : pages_)
            set_bit(of_pages, frame);
        std::string file = padded_to(raw_bytes(header), block) + tail + of_memory + of_pages;

        std::string descriptors;
        std::string data;
        for (const auto& [frame, content] : pages_) {
            layout::KdumpPage descriptor{};
            descriptor.offset = file.size() + pages_.size() * sizeof(descriptor) + data.size();
            descriptor.size = static_cast<std::uint32_t>(content.first.size());
            descriptor.flags = content.second;
            patch_page(frame, descriptor);
            descriptors += raw_bytes(descriptor);
            data += content.first;
        }
        return file + descriptors + data;
    }

private:
    static void set_bit(std::string& bitmap, std::uint64_t bit) {
        bitmap[bit / 8] = static_cast<char>(static_cast<unsigned char>(bitmap[bit / 8]) | 1u << bit % 8);
    }
    std::string sub_header_and_parts() const {
        layout::KdumpSubHeader sub{};
        sub.phys_base = phys_base;
        sub.vmcoreinfo_offset = block + sizeof(sub);
        sub.vmcoreinfo_size = vmcoreinfo.size();
        sub.notes_offset = block + sizeof(sub) + vmcoreinfo.size();
        sub.notes_size = notes.size();
        sub.max_mapnr_64 = frames;
        patch_sub_header(sub);
        return raw_bytes(sub) + vmcoreinfo + notes;
    }

    std::map<std::uint64_t, std::pair<std::string, std::uint32_t>> pages_;
};

inline std::string flattened_record(std::uint64_t offset, const std::string& bytes) {
    layout::FlattenedRecord record{};
    record.offset = offset;
    record.size = bytes.size();
    return raw_bytes(record) + bytes;
}

inline std::string flattened_head() {
    layout::FlattenedHeader header{};
    std::memcpy(header.signature, layout::flattened_signature.data(), sizeof(header.signature));
    header.type = layout::flattened_type;
    header.version = layout::flattened_version;
    return padded_to(raw_bytes(header), layout::flattened_header_size);
}

inline std::string flattened_tail() {
    return std::string(sizeof(layout::FlattenedRecord), '\xff');
}

// In records of `piece` bytes.
inline std::string flattened(const std::string& dump, std::size_t piece = 1000) {
    std::string file = flattened_head();
    for (std::size_t at = 0; at < dump.size(); at += piece)
        file += flattened_record(at, dump.substr(at, piece));
    return file + flattened_tail();
}

} // namespace kx::test
