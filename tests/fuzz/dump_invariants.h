// SPDX-License-Identifier: GPL-2.0-or-later
// What holds for every dump that can be opened, whatever it says of itself.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/dump/dump_window.h"
#include "kdump/kernel/memory.h"
#include "kexec/core/file.h"
#include "tests/fuzz/invariant.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

namespace kx::test {

// Opens the input as a file in memory.
inline Result<Dump> open_input(const std::uint8_t* data, std::size_t size, FileDescriptor& fd) {
    auto memfd = sealed_memfd("fuzz", fuzz_input(data, size));
    INVARIANT(memfd);
    fd = std::move(*memfd);
    return Dump::open(fmt::format("/proc/self/fd/{}", fd.get()));
}

inline void check_ranges(std::span<const PhysRange> ranges) {
    for (std::size_t i = 0; i < ranges.size(); ++i)
        INVARIANT(!ranges[i].empty() && (i == 0 || ranges[i - 1].end < ranges[i].begin));
}

// A page reads the same twice and through a window; a page that can be read is one that the dump has.
inline void check_page(const Dump& dump, DumpWindow& window, std::uint64_t address) {
    std::vector<std::byte> first(dump.page_size());
    std::vector<std::byte> second(dump.page_size());
    const bool has = dump.has_page(address);
    const auto read = dump.read_physical(address, first);
    INVARIANT(has || !read);
    INVARIANT(read.has_value() == dump.read_physical(address, second).has_value());
    const auto seen = window.at(address, dump.page_size());
    INVARIANT(read.has_value() == seen.has_value());
    if (!read) {
        INVARIANT(!read.error().message.empty());
        return;
    }
    INVARIANT(first == second && std::memcmp(first.data(), seen->data(), first.size()) == 0);
    std::byte last{};
    INVARIANT(dump.read_physical(address + dump.page_size() - 1, std::span(&last, 1)) && last == first.back());
}

inline void check_pages(const Dump& dump) {
    DumpWindow window(dump);
    int pages = 0;
    for (const PhysRange& range : dump.memory()) {
        for (std::uint64_t at : {range.begin, align_down(range.end - 1, dump.page_size())}) {
            check_page(dump, window, align_down(at, dump.page_size()));
            if (++pages == 64)
                return;
        }
    }
    check_page(dump, window, 0);
    check_page(dump, window, UINT64_MAX & ~(dump.page_size() - 1));
}

inline void check_kernel_memory(const Dump& dump) {
    const auto memory = KernelMemory::of(dump);
    if (!memory) {
        INVARIANT(!memory.error().message.empty());
        return;
    }
    const std::uint64_t addresses[] = {dump.vmcoreinfo().symbol("init_top_pgt").value_or(0),
                                       dump.vmcoreinfo().symbol("_stext").value_or(0), 0xffff888000000000, UINT64_MAX,
                                       0};
    for (std::uint64_t address : addresses) {
        const auto place = memory->place_of(address);
        const auto again = memory->place_of(address);
        INVARIANT(place.has_value() == again.has_value());
        if (place)
            INVARIANT(place->length > 0 && place->physical == again->physical && place->length == again->length);
        const auto word = memory->read<le64>(address);
        INVARIANT(word || !word.error().message.empty());
    }
}

// Notes are no more than the file has, and read the same in parts.
inline void check_notes(const Dump& dump) {
    const std::uint64_t size = dump.notes_size();
    INVARIANT(dump.flattened() || size <= dump.file_size() + dump.vmcoreinfo().text().size() + 64);
    INVARIANT(dump.cpus().size() * 12 <= size && dump.device_dumps().count * 12 <= size);
    std::byte behind{};
    INVARIANT(!dump.read_notes(size, std::span(&behind, 1)));
    std::vector<std::byte> whole(std::min<std::uint64_t>(size, 4096)), part(whole.size() / 2);
    INVARIANT(dump.read_notes(0, whole) && dump.read_notes(whole.size() - part.size(), part));
    INVARIANT(std::equal(part.begin(), part.end(), whole.end() - static_cast<std::ptrdiff_t>(part.size())));
    const std::uint64_t data = dump.notes_data_from(0);
    INVARIANT(data <= size);
    INVARIANT(std::all_of(whole.begin(),
                          whole.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(data, whole.size())),
                          [](std::byte b) { return b == std::byte{0}; }));
    const auto text_at = dump.vmcoreinfo_in_notes();
    const std::string& text = dump.vmcoreinfo().text();
    if (text.empty())
        return;
    std::string found(text.size(), '\0');
    INVARIANT(text_at && dump.read_notes(*text_at, std::as_writable_bytes(std::span(found))) && found == text);
}

// Runs of pages that are there go up, are whole pages and have what is asked of them; there is not more than the file
// can hold, but for holes of a flattened one.
inline void check_present(const Dump& dump) {
    const std::uint64_t page = dump.page_size();
    std::uint64_t pages = 0, from = 0;
    bool all = true;
    for (int runs = 0; const auto run = dump.next_present(from); ++runs) {
        INVARIANT(run->begin >= from && run->begin < run->end && run->begin % page == 0 && run->end % page == 0);
        INVARIANT(dump.incomplete() || (dump.has_page(run->begin) && dump.has_page(run->end - page)));
        INVARIANT(run->begin == from || !dump.has_page(run->begin - page));
        pages += run->size() / page;
        from = run->end;
        if (runs == 10000) {
            all = false;
            break;
        }
    }
    INVARIANT(!all || (dump.incomplete() ? pages >= dump.pages_present() : pages == dump.pages_present()));
    if (dump.format() == DumpFormat::elf && !dump.flattened())
        INVARIANT(pages <= 2 * dump.file_size()); // a segment of a byte makes a page
    if (dump.format() == DumpFormat::kdump && !dump.flattened())
        INVARIANT(pages <= dump.file_size() / 24);
}

inline void check_dump(const Dump& dump, std::size_t file_size) {
    INVARIANT(std::has_single_bit(dump.page_size()) && dump.page_size() >= 4096 && dump.page_size() <= 65536);
    INVARIANT(dump.file_size() == file_size);
    check_ranges(dump.memory());
    for (const DumpSegment& segment : dump.segments()) {
        INVARIANT(segment.file_size <= segment.memory.size());
        INVARIANT(segment.file_size == 0 || dump.flattened() ||
                  (segment.file_offset <= file_size && segment.file_size <= file_size - segment.file_offset));
    }
    check_notes(dump);
    check_present(dump);
    check_pages(dump);
    check_kernel_memory(dump);
}

} // namespace kx::test
