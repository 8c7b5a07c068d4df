// SPDX-License-Identifier: GPL-2.0-or-later
// What holds for every dump that can be opened, whatever it says of itself.
#pragma once

#include "core/file.h"
#include "invariant.h"
#include "kdump/dump/dump.h"
#include "kdump/dump/dump_window.h"
#include "kdump/dump/kernel_memory.h"

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

inline void check_dump(const Dump& dump, std::size_t file_size) {
    INVARIANT(std::has_single_bit(dump.page_size()) && dump.page_size() >= 4096 && dump.page_size() <= 65536);
    INVARIANT(dump.file_size() == file_size);
    check_ranges(dump.memory());
    for (const DumpSegment& segment : dump.segments()) {
        INVARIANT(segment.file_size <= segment.memory.size());
        INVARIANT(segment.file_size == 0 || dump.flattened() ||
                  (segment.file_offset <= file_size && segment.file_size <= file_size - segment.file_offset));
    }
    for (const CpuState& cpu : dump.cpus())
        INVARIANT(cpu.note.size() <= dump.notes().size());
    check_pages(dump);
    check_kernel_memory(dump);
}

} // namespace kx::test
