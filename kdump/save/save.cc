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

constexpr std::uint64_t hole_limit = std::uint64_t{64} << 30;     // bytes of memory that are holes of the source
constexpr std::uint64_t left_out_limit = std::uint64_t{64} << 30; // bytes of memory that the source has left out
constexpr std::uint64_t notes_hole_limit = std::uint64_t{256} << 20;

// Room and time follow what the source's file has, not what its headers say.
Result<> check_plausible(const Dump& dump, const PageSet& kept, const Sink& sink) {
    const std::uint64_t memory = kept.count() * dump.page_size();
    if (dump.format() == DumpFormat::elf && memory > hole_limit && !dump.has_data((memory - hole_limit) / 1024))
        return fail(Errc::malformed,
                    "{}: speaks of {:#x} bytes of memory that are holes of the file; a kernel with so much memory has "
                    "more data",
                    dump.path(), memory);
    if (!sink.holes && dump.notes_size() > dump.file_size() + notes_hole_limit)
        return fail(Errc::no_room, "{}: has {:#x} bytes of notes that are holes; a file takes them without room",
                    dump.path(), dump.notes_size());
    return {};
}

// The frames that are memory, for the kdump format, which has a bit for each. Memory that was left out is told of
// unless it is out of all proportion to what is there.
PageSet told_memory(const Dump& dump, Notices& notices) {
    const std::uint64_t size = total_size(dump.memory());
    if (size <= left_out_limit || (size - left_out_limit) / 32768 <= dump.file_size())
        return PageSet(dump.memory(), dump.page_size());
    notices.add("{}: speaks of {:#x} bytes of memory, and has {:#x}; the dump tells only of these", dump.path(), size,
                dump.pages_present() * dump.page_size());
    return pages_in(dump);
}

class Saving {
public:
    Saving(const Dump& dump, const SaveOptions& options, const PageSet& kept, SaveResult& result)
        : dump_(dump), options_(options), kept_(kept), result_(result) {}

    template <typename Writer> Result<> write_with(Writer writer) {
        const SaveCompression compression =
            options_.format == SaveFormat::kdump ? options_.compression : SaveCompression::none;
        bool stopped = false;
        auto packed = pack_pages(dump_, kept_, compression, options_.threads, [&](PageBatch& batch) {
            count(batch);
            const bool more = writer.add(batch) && !shared();
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
        if (!result_.stopped_by && shared())
            result_.stopped_by = Error{Errc::malformed, fmt::format("{}: many of its pages lie on the same bytes of "
                                                                    "the file, which is damaged",
                                                                    dump_.path())};
        result_.not_on_disk = writer.sync_error();
        result_.incomplete = !all || result_.stopped_by || result_.not_on_disk;
        return {};
    }

    void start() { progress_.pages_to_do = result_.pages_to_do; }
    const std::string& read_error() const { return read_error_; }

private:
    // Writers of the kdump format share the page of zeros, and no other.
    bool shared() const { return stored_ / 4 > dump_.file_size(); }
    void count(const PageBatch& batch) {
        const bool packed = dump_.format() == DumpFormat::kdump;
        for (const PackedPage& page : batch.pages) {
            if (packed && page.size > 0)
                stored_ += dump_.stored_size(page.frame * dump_.page_size());
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
    std::uint64_t stored_ = 0; // bytes of the source's file that the pages with content took, as their descriptors say
    std::string read_error_;
};

} // namespace

Result<> check_savable(const Dump& dump, SaveFormat format) {
    if (!dump.is_64())
        return fail(Errc::unsupported,
                    "{}: is the dump of a 32-bit machine ({}); only those of 64-bit machines are saved. A copy of the "
                    "file keeps it",
                    dump.path(), dump.architecture());
    if (format == SaveFormat::elf && !ElfWriter::writes(dump.architecture()))
        return fail(Errc::unsupported, "{}: no ELF dump is written for {}; --format=kdump is", dump.path(),
                    dump.architecture());
    return {};
}

Result<SaveResult> save(const Dump& dump, Sink& sink, const SaveOptions& options, Notices& notices) {
    if (options.format == SaveFormat::kdump && options.compression == SaveCompression::lz4)
        return fail(Errc::usage, "no reader of the kdump format knows lz4; --format=elf may be compressed with it");
    KX_TRY(check_savable(dump, options.format));
    if (const auto memory = dump.memory();
        !memory.empty() && (memory.back().end > address_limit || total_size(memory) > memory_limit))
        return fail(Errc::malformed, "{}: speaks of {:#x} bytes of memory up to {:#x}, more than any machine has",
                    dump.path(), total_size(memory), memory.back().end);
    for (const std::string& doubt : dump.doubts())
        notices.add("{}: {}", dump.path(), doubt);
    PageSet kept = pages_in(dump);
    if (kept.count() == 0)
        return fail(Errc::malformed, "{}: has no page of memory, {}; there is nothing to save", dump.path(),
                    dump.memory().empty() ? "and speaks of none"
                                          : fmt::format("though it speaks of {:#x} bytes", total_size(dump.memory())));
    KX_TRY(check_plausible(dump, kept, sink));
    if (const std::uint64_t present = dump.incomplete() ? 0 : dump.pages_present(); present > kept.count())
        notices.add("{}: {} of its pages are not memory, as its bitmap has it, and are left out", dump.path(),
                    present - kept.count());
    SaveResult result;
    result.pages_total = dump.pages_of_memory();
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
        KX_TRY(saving.write_with(
            KX_TRY(KdumpWriter::begin(dump, options, told_memory(dump, notices), kept, sink, notices))));
    else
        KX_TRY(saving.write_with(KX_TRY(ElfWriter::begin(dump, kept, sink, notices))));
    if (result.left_out.unreadable)
        notices.add("{} pages could not be read and are zeros in the dump: {}: {}", result.left_out.unreadable,
                    dump.path(), saving.read_error());
    return result;
}

} // namespace kx
