// SPDX-License-Identifier: GPL-2.0-or-later
// Headers of the kdump-compressed format that are accepted describe a dump that can be; the dump keeps the promises of
// kdump/dump/dump.h.
#include "kdump/dump/compressed_header.h"
#include "tests/fuzz/dump_invariants.h"

using namespace kx;
using namespace kx::test;

namespace {

void check_header(const CompressedHeader& header) {
    INVARIANT(header.version >= 1 && header.version <= 6);
    INVARIANT(header.machine.size() <= 65);
    INVARIANT(header.memory_bitmap.size == header.dumped_bitmap.size);
    INVARIANT(header.frames <= header.memory_bitmap.size * 8);
    INVARIANT(header.memory_bitmap.offset + header.memory_bitmap.size <= header.dumped_bitmap.offset);
    INVARIANT(header.dumped_bitmap.offset + header.dumped_bitmap.size <= header.descriptors);
    INVARIANT(header.frames <= UINT64_MAX / header.block_size);
    INVARIANT(header.descriptors + header.frames * 24 >= header.descriptors);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FileDescriptor fd;
    const auto dump = open_input(data, size, fd);
    const auto file = DumpFile::open(fmt::format("/proc/self/fd/{}", fd.get()));
    const auto header = file ? parse_compressed_header(*file) : Result<CompressedHeader>(std::unexpected(file.error()));
    INVARIANT(header || !header.error().message.empty());
    if (header)
        check_header(*header);
    if (dump) {
        INVARIANT((dump->format() == DumpFormat::kdump) == header.has_value());
        check_dump(*dump, size);
    }
    return 0;
}
