// SPDX-License-Identifier: GPL-2.0-or-later
// Writes an ELF core file of the form of /proc/vmcore: a PT_LOAD for each run of kept pages. The memory behind the run
// belongs to the same PT_LOAD, which says that the file does not have it. Up to 255 pages that were left out between
// two kept ones become a hole in the file, not another PT_LOAD; up to 7 if the sink has no holes and zeros would be
// most of the dump.
//
// Only its length can say that such a file is incomplete: the headers describe the whole dump from the beginning, and
// the file gets its whole length when all else is on the disk. A device has no length: there the headers describe
// nothing until the end, and then what was written. In a flattened stream nothing can be written twice, so the headers
// come last.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/save/page_packer.h"
#include "kdump/save/page_set.h"
#include "kdump/save/save.h"
#include "kdump/save/write_buffer.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <vector>

namespace kx {

class ElfWriter {
public:
    // Whether there is a form for this architecture's dumps.
    static bool writes(std::string_view architecture);

    // Writes the headers and notes, for an architecture that it writes. Borrows the dump, the set and the sink.
    static Result<ElfWriter> begin(const Dump& dump, const PageSet& kept, Sink& sink, Notices& notices);

    // In the order of the kept frames. False where the sink takes no more.
    bool add(const PageBatch& batch);
    void end(bool whole);

    std::uint64_t pages_written() const { return pages_written_; }
    std::uint64_t bytes_written() const { return front_written_ + data_.bytes_written(); }
    const std::optional<Error>& error() const { return error_; }
    // Whether bytes that were written may not be on the disk.
    const std::optional<Error>& sync_error() const { return sync_error_; }

private:
    struct Run {
        PageRun frames;
        std::uint64_t file_offset;
    };
    struct Load { // a program header
        std::uint64_t file_offset, file_size, physical, virtual_address, memory_size;
    };
    ElfWriter(const Dump& dump, const PageSet& kept, Sink& sink)
        : dump_(&dump), kept_(&kept), sink_(&sink), data_(sink, 0, std::size_t{1} << 20) {}
    void lay_out();
    // Runs over gaps of less than `least_gap` frames.
    void make_runs(std::uint64_t least_gap);
    std::uint64_t pages_in_runs() const;
    void make_loads();
    void add_loads(const DumpSegment& segment);
    // A file that is cut is then shorter than its headers say. The length of a device tells nothing.
    bool headers_first() const { return sink_->sequential || sink_->holes; }
    std::vector<std::byte> headers(std::uint64_t end) const; // that describe what lies before this offset
    Result<> write_front(Notices& notices);
    void go_to(std::uint64_t offset); // for the next page of the run
    std::uint64_t pages_before(std::uint64_t offset) const;

    const Dump* dump_;
    const PageSet* kept_;
    Sink* sink_;
    std::vector<Run> runs_;
    std::vector<Load> loads_;
    std::uint64_t notes_offset_ = 0;
    std::uint64_t front_end_ = 0; // file offset, of the notes
    std::uint64_t end_ = 0;       // file offset
    std::uint64_t front_written_ = 0;
    WriteBuffer data_;
    std::size_t run_ = 0;           // of the next page
    bool run_written_ = false;      // a part of it
    std::uint64_t added_until_ = 0; // file offset
    std::uint64_t pages_written_ = 0;
    std::optional<Error> error_, sync_error_;
};

} // namespace kx
