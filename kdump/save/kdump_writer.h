// SPDX-License-Identifier: GPL-2.0-or-later
// Writes the kdump-compressed format so that what is there can be read at any moment: the header says "incomplete"
// until all else is on the disk, the descriptors' place is reserved before the first page, and a descriptor is written
// after its page. A descriptor of zeros stands for a page that was not written. If nothing can be written twice, the
// header comes last.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/save/kdump_head.h"
#include "kdump/save/page_packer.h"
#include "kdump/save/page_set.h"
#include "kdump/save/save.h"
#include "kdump/save/write_buffer.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <deque>
#include <vector>

namespace kx {

class KdumpWriter {
public:
    // Writes all that stands before the pages' data. Borrows the sink. Errc::no_room where the bitmaps would be zeros
    // for the most part and the sink has no holes.
    static Result<KdumpWriter> begin(const Dump& dump, const SaveOptions& options, const PageSet& all,
                                     const PageSet& kept, Sink& sink, Notices& notices);

    // In the order of the kept frames. False where the sink takes no more.
    bool add(const PageBatch& batch);
    // The header tells whether the dump is whole. An error that came first is in `error`.
    void end(bool whole);

    std::uint64_t pages_written() const { return pages_written_; } // that a reader finds
    std::uint64_t bytes_written() const;
    const std::optional<Error>& error() const { return error_; }
    // Whether bytes that were written may not be on the disk.
    const std::optional<Error>& sync_error() const { return sync_error_; }

private:
    KdumpWriter(KdumpHead head, Sink& sink);
    Result<> check_bitmaps(const Dump& dump, const PageSet& kept) const;
    Result<> write_front(const Dump& dump, const PageSet& all, const PageSet& kept, Notices& notices);
    void add_page(const PackedPage& page, std::span<const std::byte> data);
    void settle(); // descriptors of the pages whose data the sink has
    void write_header(bool whole);
    void unsay_whole();

    struct Pending {
        layout::KdumpPage descriptor;
        std::uint64_t data_end;
    };
    KdumpHead head_;
    Sink* sink_;
    std::uint64_t front_written_ = 0;
    WriteBuffer data_;
    WriteBuffer descriptors_;
    std::uint32_t compression_;
    std::deque<Pending> pending_;
    std::uint64_t described_until_ = 0; // file offset: pages before it have descriptors
    std::uint64_t pages_written_ = 0;
    std::optional<Error> error_, sync_error_;
};

} // namespace kx
