// SPDX-License-Identifier: GPL-2.0-or-later
// A dump in the kdump-compressed format: its pages, each found by its descriptor and unpacked on demand.
#pragma once

#include "kdump/dump/compressed_header.h"
#include "kdump/dump/dump_file.h"
#include "kdump/dump/dump_notes.h"
#include "kdump/dump/page_bitmap.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kx {

class CompressedDump {
public:
    CompressedHeader header;
    std::vector<PhysRange> memory; // sorted, disjoint
    DumpNotes notes;               // with vmcoreinfo, wherever the dump has it
    bool cut = false;              // parts lie past the end of the file, or its writer says that it is incomplete

    // Errors of parse_compressed_header; Errc::malformed too for a bitmap that cannot be.
    static Result<CompressedDump> parse(const DumpFile& file);
    CompressedDump(CompressedDump&&) noexcept;
    CompressedDump& operator=(CompressedDump&&) noexcept;
    ~CompressedDump();

    // As Dump::pages_present.
    std::uint64_t pages_present(const DumpFile& file) const;

    // As Dump::read_physical, Dump::has_page, Dump::next_present and Dump::stored_size.
    Result<> read(const DumpFile& file, std::uint64_t address, std::span<std::byte> out) const;
    bool has(const DumpFile& file, std::uint64_t address) const;
    std::optional<PhysRange> next_present(std::uint64_t from) const;
    // Whether the file should have this block but ends before it. Also true for a block without descriptor.
    bool is_lost(const DumpFile& file, std::uint64_t address) const;
    std::uint64_t stored_size(const DumpFile& file, std::uint64_t address) const;

private:
    struct Readers;

    CompressedDump();
    Result<> read_page(const DumpFile& file, std::uint64_t frame, std::uint64_t offset, std::span<std::byte> out) const;
    std::unexpected<Error> missing(std::uint64_t address) const;

    PageBitmap dumped_;
    std::uint64_t told_until_ = UINT64_MAX; // the first frame that the file has no descriptor of
    std::unique_ptr<Readers> readers_;
};

} // namespace kx
