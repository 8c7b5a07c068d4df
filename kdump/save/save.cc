// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/save.h"

#include "kdump/save/elf_writer.h"
#include "kdump/save/kdump_writer.h"
#include "kdump/save/page_filter.h"
#include "kdump/save/pipeline.h"

namespace kx {
namespace {

constexpr std::uint64_t memory_limit = std::uint64_t{1} << 50;  // bytes: 1 PiB
constexpr std::uint64_t address_limit = std::uint64_t{1} << 52; // physical; x86-64 has no more bits

class Saving {
public:
    Saving(const Dump& dump, const SaveOptions& options, const PageSet& kept, SaveResult& result)
        : dump_(dump), options_(options), kept_(kept), result_(result) {}

    template <typename Writer> Result<> write_with(Writer writer) {
        const Compression compression = options_.format == SaveFormat::kdump ? options_.compression : Compression::none;
        bool stopped = false;
        auto packed = pack_pages(dump_, kept_, compression, options_.threads, [&](PageBatch& batch) {
            count(batch);
            const bool more = writer.add(batch);
            progress_.bytes_written = writer.bytes_written();
            if (options_.proceed && !options_.proceed(progress_))
                stopped = true;
            return more && !stopped;
        });
        const bool all = packed && !writer.error() && progress_.pages_done == progress_.pages_to_do;
        writer.end(all);
        result_.pages_written = writer.pages_written();
        result_.bytes_written = writer.bytes_written();
        result_.stopped_by = packed ? writer.error() : packed.error();
        result_.not_on_disk = writer.sync_error();
        result_.incomplete = !all || result_.stopped_by || result_.not_on_disk;
        return {};
    }

    void start() { progress_.pages_to_do = result_.pages_to_do; }
    const std::string& read_error() const { return read_error_; }

private:
    void count(const PageBatch& batch) {
        for (const PackedPage& page : batch.pages) {
            zeros_ += page.state == PackedPage::State::zero;
            result_.left_out.unreadable += page.state == PackedPage::State::unreadable;
        }
        if (read_error_.empty())
            read_error_ = batch.first_error;
        if (options_.level & leave_out::zero)
            result_.left_out.by_level[0] = zeros_;
        progress_.pages_done += batch.pages.size();
    }

    const Dump& dump_;
    const SaveOptions& options_;
    const PageSet& kept_;
    SaveResult& result_;
    SaveProgress progress_;
    std::uint64_t zeros_ = 0;
    std::string read_error_;
};

} // namespace

Result<SaveResult> save(const Dump& dump, Sink& sink, const SaveOptions& options, Notices& notices) {
    if (options.format == SaveFormat::kdump && options.compression == Compression::lz4)
        return fail(Errc::usage, "no reader of the kdump format knows lz4; --format=elf may be compressed with it");
    if (const auto memory = dump.memory();
        !memory.empty() && (memory.back().end > address_limit || total_size(memory) > memory_limit))
        return fail(Errc::malformed, "{}: speaks of {:#x} bytes of memory up to {:#x}, more than any machine has",
                    dump.path(), total_size(memory), memory.back().end);
    if (!dump.damage().empty())
        notices.add("{}: {}", dump.path(), dump.damage());
    const PageSet all(dump.memory(), dump.page_size());
    PageSet kept = pages_in(dump);
    SaveResult result;
    result.pages_total = all.count();
    const std::uint64_t missing = result.pages_total - kept.count();
    bool stopped = false;
    result.left_out = filter_pages(dump, options.level, kept, notices, [&] {
        stopped = stopped || (options.proceed && !options.proceed({}));
        return !stopped;
    });
    if (stopped)
        return fail(Errc::io, "stopped before a page was written: there is no dump");
    result.left_out.missing = missing;
    result.pages_to_do = kept.count();

    Saving saving(dump, options, kept, result);
    saving.start();
    if (options.format == SaveFormat::kdump)
        KX_TRY(saving.write_with(KX_TRY(KdumpWriter::begin(dump, options, all, kept, sink))));
    else
        KX_TRY(saving.write_with(KX_TRY(ElfWriter::begin(dump, kept, sink))));
    if (result.left_out.unreadable)
        notices.add("{} pages could not be read and are zeros in the dump: {}", result.left_out.unreadable,
                    saving.read_error());
    return result;
}

} // namespace kx
