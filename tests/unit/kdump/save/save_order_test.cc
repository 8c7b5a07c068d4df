// SPDX-License-Identifier: GPL-2.0-or-later
// In which order a dump is written, and what is there when it ends at any place: nothing says that it is whole before
// all of it is on the disk, and a flattened stream has no byte twice.
#include "include/layout/kdump.h"
#include "kdump/save/save.h"
#include "tests/unit/catch.h"
#include "tests/unit/kdump/save/paged_kernel.h"
#include "tests/unit/temporary_folder.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

using namespace kx;
using namespace kx::test;

namespace {

constexpr std::uint64_t page_size = PagedKernel::page_size;

// A disk with a cache: `content` is what a reader sees now, `on_disk` what is left after a loss of power in the worst
// case for each question that is asked.
struct CachedDisk {
    std::string content, on_disk;
    bool device = false;       // with something old on it, and no length of its own
    unsigned syncs = 0;        // that were asked for
    unsigned failing_sync = 0; // counted from 1
    unsigned failing_write = 0, writes = 0;
    bool discarded = false;

    explicit CachedDisk(bool is_device = false) : device(is_device) {
        if (device)
            content.assign(std::size_t{16} << 20, 'o');
        on_disk = content;
    }
    Result<> sync() {
        if (++syncs == failing_sync)
            return fail(Errc::io, "the disk: writing it failed");
        on_disk = content;
        return {};
    }
    Sink sink() {
        Sink sink;
        sink.rewrites = true;
        sink.holes = !device;
        sink.write_at = [this](std::uint64_t offset, std::span<const std::byte> bytes) -> Written {
            if (failing_write && ++writes >= failing_write)
                return {0, Error{Errc::io, "the disk is broken"}};
            content.resize(std::max<std::size_t>(content.size(), offset + bytes.size()));
            std::memcpy(content.data() + offset, bytes.data(), bytes.size());
            return {bytes.size(), std::nullopt};
        };
        sink.reserve = [](std::uint64_t, std::uint64_t size) { return Written{size, std::nullopt}; };
        sink.sync = [this] { return sync(); };
        sink.finish = [this](std::uint64_t size) {
            if (!device)
                content.resize(size);
            return sync();
        };
        return sink;
    }
};

PagedKernel kernel_with_zeros() {
    PagedKernel kernel;
    for (int i = 0; i < 600; ++i) {
        kernel.data(1, static_cast<char>('a' + i % 26));
        if (i % 3 == 0)
            kernel.data(1, '\0');
    }
    kernel.data(20, '\0');
    return kernel;
}

SaveOptions options_for(SaveFormat format, unsigned threads = 1) {
    SaveOptions options;
    options.level = 0;
    options.compression = SaveCompression::none;
    options.format = format;
    options.threads = threads;
    return options;
}

struct Source {
    TemporaryFolder folder;
    Dump dump;
    Notices notices;
    explicit Source(const PagedKernel& kernel)
        : dump(Dump::open(folder.write("vmcore", kernel.vmcore().build())).value()) {}
    Result<SaveResult> to(Sink sink, const SaveOptions& options) { return save(dump, sink, options, notices); }
    Dump open(const std::string& content) const { return Dump::open(folder.write("dump", content)).value(); }
};

std::uint32_t status_of(const std::string& dump) {
    layout::KdumpHeader header;
    REQUIRE(dump.size() >= sizeof header);
    std::memcpy(&header, dump.data(), sizeof header);
    CHECK(std::memcmp(header.signature, layout::kdump_signature.data(), sizeof header.signature) == 0);
    return header.status;
}

// Stops after so many pages.
void stop_after(SaveOptions& options, std::uint64_t pages) {
    options.proceed = [pages](const SaveProgress& progress) { return progress.pages_done < pages; };
}

struct Record {
    std::uint64_t offset, size;
};

struct Stream {
    std::vector<Record> records; // sorted
    std::string dump;            // with the records in their places
    bool ended = false;
};

// Reads records as a reader would that knows nothing of dumps. What was cut of the last one is not there.
Stream records_of(const std::string& stream) {
    Stream found;
    std::size_t at = layout::flattened_header_size;
    layout::FlattenedRecord record;
    while (at + sizeof record <= stream.size()) {
        std::memcpy(&record, stream.data() + at, sizeof record);
        at += sizeof record;
        if (record.offset == UINT64_MAX && record.size == UINT64_MAX) {
            found.ended = true;
            CHECK(at == stream.size());
            break;
        }
        const std::size_t there = std::min<std::size_t>(record.size, stream.size() - at);
        found.records.push_back({record.offset, there});
        found.dump.resize(std::max<std::size_t>(found.dump.size(), record.offset + there));
        std::memcpy(found.dump.data() + record.offset, stream.data() + at, there);
        at += there;
    }
    std::ranges::sort(found.records, {}, &Record::offset);
    for (std::size_t i = 1; i < found.records.size(); ++i) {
        INFO("record at " << found.records[i].offset);
        CHECK(found.records[i - 1].offset + found.records[i - 1].size <= found.records[i].offset);
    }
    return found;
}

} // namespace

TEST_CASE("no byte of a dump is in two records of its flattened stream, and the header is right") {
    const SaveFormat format = GENERATE(SaveFormat::kdump, SaveFormat::elf);
    SaveOptions options = options_for(format, GENERATE(1u, 3u));
    const bool stopped = GENERATE(false, true);
    if (stopped)
        stop_after(options, 300);
    Source source(kernel_with_zeros());
    CachedDisk disk;
    const auto result = source.to(flattened_sink(disk.sink()).value(), options);
    REQUIRE(result);
    CHECK(result->incomplete == stopped);
    CHECK(result->pages_written == (stopped ? 512 : result->pages_to_do));
    const Stream stream = records_of(disk.content);
    CHECK(stream.ended);
    if (format == SaveFormat::kdump)
        CHECK(((status_of(stream.dump) & layout::kdump_incomplete) != 0) == stopped);
    const Dump there = source.open(stream.dump);
    CHECK(there.incomplete() == stopped);
    std::uint64_t pages = 0;
    std::string ours(page_size, '?'), theirs(page_size, '?');
    for (const PhysRange& range : there.memory()) {
        for (std::uint64_t at = range.begin; at < range.end; at += page_size) {
            if (!there.has_page(at))
                continue;
            if (!there.read_physical(at, std::as_writable_bytes(std::span(ours))))
                continue; // its descriptor did not come
            REQUIRE(source.dump.read_physical(at, std::as_writable_bytes(std::span(theirs))));
            CHECK(ours == theirs);
            ++pages;
        }
    }
    CHECK(pages == result->pages_written);
}

TEST_CASE("a flattened stream that breaks at any write has no byte twice, no header that is wrong, and is of use") {
    const SaveFormat format = GENERATE(SaveFormat::kdump, SaveFormat::elf);
    bool whole = false;
    std::uint64_t most = 0;
    for (unsigned write = 2; !whole; ++write) {
        INFO("write " << write);
        REQUIRE(write < 1000);
        Source source(kernel_with_zeros());
        CachedDisk disk;
        disk.failing_write = write;
        const auto result = source.to(flattened_sink(disk.sink()).value(), options_for(format));
        whole = result && !result->incomplete;
        const Stream stream = records_of(disk.content);
        CHECK(stream.ended == whole);
        if (whole)
            break;
        if (!stream.records.empty() && stream.records[0].offset == 0 &&
            stream.records[0].size > 0) // all but the last record came
            CHECK((format == SaveFormat::elf || (status_of(stream.dump) & layout::kdump_incomplete) == 0));
        if (!result)
            continue;
        const auto there = Dump::open(source.folder.write("cut", disk.content));
        REQUIRE(there);
        CHECK(there->incomplete());
        CHECK(there->memory()[0] == source.dump.memory()[0]);
        CHECK(there->vmcoreinfo().text() == source.dump.vmcoreinfo().text());
        most = std::max(most, there->pages_present());
    }
    CHECK(most > 300);
}

TEST_CASE("a header that says that a dump is whole is written when all else is on the disk") {
    const bool device = GENERATE(false, true);
    CachedDisk disk(device);
    Sink sink = disk.sink();
    const auto inner = sink.write_at;
    bool ended = false;
    sink.write_at = [&](std::uint64_t offset, std::span<const std::byte> bytes) {
        const bool header = offset == 0 && disk.syncs > 0;
        if (header) {
            CHECK(disk.on_disk == disk.content);
            CHECK((status_of(disk.on_disk) & layout::kdump_incomplete) != 0);
        }
        CHECK_FALSE(ended); // nothing comes behind it
        ended = header;
        return inner(offset, bytes);
    };
    Source source(kernel_with_zeros());
    const auto result = source.to(sink, options_for(SaveFormat::kdump));
    REQUIRE(result);
    CHECK_FALSE(result->incomplete);
    CHECK(ended);
    CHECK((status_of(disk.on_disk) & layout::kdump_incomplete) == 0);
    CHECK(disk.on_disk == disk.content);
}

TEST_CASE("a sync that fails is told, and the dump does not say that it is whole") {
    const bool device = GENERATE(false, true);
    const SaveFormat format = GENERATE(SaveFormat::kdump, SaveFormat::elf);
    unsigned sync = 1;
    for (;; ++sync) {
        INFO("sync " << sync);
        REQUIRE(sync < 10);
        Source source(kernel_with_zeros());
        CachedDisk disk(device);
        disk.failing_sync = sync;
        const auto result = source.to(disk.sink(), options_for(format));
        if (!result) { // the very first, of a device with an old dump on it
            CHECK((device && sync == 1));
            continue;
        }
        if (disk.syncs < sync)
            break;
        CHECK(result->incomplete);
        REQUIRE(result->not_on_disk);
        CHECK(result->not_on_disk->message == "the disk: writing it failed");
        const bool last = disk.syncs == sync; // of the header itself: the pages are there
        if (!last || format == SaveFormat::elf)
            continue;
        CHECK(source.open(disk.content).pages_present() == result->pages_to_do);
    }
    CHECK(sync >= (device ? 4u : 3u));

    Source source(kernel_with_zeros());
    CachedDisk disk(device);
    disk.failing_sync = device ? 2 : 1; // of the pages
    const auto result = source.to(disk.sink(), options_for(format));
    REQUIRE(result);
    if (format == SaveFormat::kdump)
        CHECK((status_of(disk.content) & layout::kdump_incomplete) != 0);
    else if (device)
        CHECK(source.open(disk.content).pages_present() == 0);
    else
        CHECK(source.open(disk.content).incomplete());
}

TEST_CASE("an ELF dump gets its whole length when all else is on the disk; on a device its headers are the last") {
    const bool device = GENERATE(false, true);
    Source source(kernel_with_zeros());
    CachedDisk disk(device);
    Sink sink = disk.sink();
    const auto inner = sink.write_at;
    std::uint64_t largest = 0; // of what is there when pages are written
    sink.write_at = [&](std::uint64_t offset, std::span<const std::byte> bytes) {
        Written written = inner(offset, bytes);
        if (offset > 0 || disk.syncs == 0) {
            const Dump there = source.open(disk.content);
            if (device)
                CHECK(there.pages_present() == 0);
            else
                CHECK(there.incomplete());
            largest = std::max<std::uint64_t>(largest, disk.content.size());
        }
        return written;
    };
    const auto result = source.to(sink, options_for(SaveFormat::elf));
    REQUIRE(result);
    CHECK_FALSE(result->incomplete);
    CHECK(largest > 0);
    CHECK_FALSE(source.open(disk.on_disk).incomplete());
    CHECK(source.open(disk.on_disk).pages_present() == result->pages_to_do);
}

TEST_CASE("an ELF dump that is stopped or full tells how many pages it has") {
    const bool full = GENERATE(false, true);
    const bool device = GENERATE(false, true);
    SaveOptions options = options_for(SaveFormat::elf);
    if (!full)
        stop_after(options, 200);
    Source source(kernel_with_zeros());
    CachedDisk disk(device);
    if (full)
        disk.failing_write = device ? 3 : 12;
    const auto result = source.to(disk.sink(), options);
    REQUIRE(result);
    CHECK(result->incomplete);
    CHECK(result->stopped_by.has_value() == full);
    if (full && device)
        return; // not even the headers could be written again
    const Dump there = source.open(disk.content);
    CHECK(there.pages_present() == result->pages_written);
    CHECK(there.incomplete() == !device);
    CHECK(result->pages_written > 0);
}

TEST_CASE("an ELF dump without a page has its notes") {
    Source source(kernel_with_zeros());
    CachedDisk disk;
    disk.failing_write = 2; // the first of pages
    const auto result = source.to(disk.sink(), options_for(SaveFormat::elf));
    REQUIRE(result);
    CHECK(result->stopped_by);
    CHECK(result->pages_written == 0);
    const Dump there = source.open(disk.content);
    CHECK(there.incomplete());
    CHECK(there.pages_present() == 0);
    CHECK(there.vmcoreinfo().text() == source.dump.vmcoreinfo().text());
}

TEST_CASE("a dump without a page of memory is refused by name, and nothing is written") {
    const TemporaryFolder folder;
    VmcoreBuilder<> vmcore;
    vmcore.vmcoreinfo("OSRELEASE=6.1.0\n");
    const Dump dump = Dump::open(folder.write("vmcore", vmcore.build())).value();
    CachedDisk disk;
    Notices notices;
    Sink sink = disk.sink();
    sink.write_at = [](std::uint64_t, std::span<const std::byte>) -> Written {
        FAIL("it is written to");
        return {};
    };
    const auto saved = save(dump, sink, options_for(SaveFormat::elf), notices);
    REQUIRE_FALSE(saved);
    CHECK(saved.error().message.find("vmcore: has no page of memory") != std::string::npos);
}

TEST_CASE("what is made for nothing goes away, but nothing that is somebody else's") {
    const TemporaryFolder folder;
    const std::string path = folder.write("dump", "old");
    CHECK_FALSE(file_sink(path, {}));
    const auto refused =
        file_sink(path, {.force = true, .may_write = [](int) { return fail(Errc::usage, "not this one"); }});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "not this one");
    const auto content = [&] { return File::open(path).value().bytes().size(); };
    CHECK(content() == 3);

    auto sink = file_sink(path, {.force = true}).value();
    CHECK(content() == 3); // until there is something to put in its place
    sink.discard();
    CHECK(content() == 3);
    CHECK_FALSE(sink.write_at(0, std::as_bytes(std::span("ne", 2))).error);
    CHECK(content() == 2);
    folder.write("dump.other", "another's");
    std::filesystem::rename(path + ".other", path);
    sink.discard();
    CHECK(content() == 9);

    std::filesystem::remove(path);
    auto made = file_sink(path, {}).value();
    made.discard();
    CHECK_FALSE(std::filesystem::exists(path));
}
