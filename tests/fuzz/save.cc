// SPDX-License-Identifier: GPL-2.0-or-later
// What is saved of a dump reads back as the same memory, in either format; room follows the source.
#include "kdump/save/save.h"

#include "tests/fuzz/dump_invariants.h"

#include <sys/mman.h>
#include <unistd.h>

using namespace kx;
using namespace kx::test;

namespace {

// A file in memory, with holes.
struct SparseSink {
    FileDescriptor fd = FileDescriptor(memfd_create("saved", MFD_CLOEXEC));
    std::uint64_t written = 0;

    Written write(std::uint64_t offset, std::span<const std::byte> bytes) {
        INVARIANT(!bytes.empty());
        written += bytes.size();
        INVARIANT(pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
                  static_cast<ssize_t>(bytes.size()));
        return {bytes.size(), std::nullopt};
    }
    Sink sink() {
        Sink sink;
        sink.rewrites = sink.holes = true;
        sink.write_at = [this](std::uint64_t offset, std::span<const std::byte> bytes) { return write(offset, bytes); };
        sink.reserve = [](std::uint64_t, std::uint64_t size) { return Written{size, std::nullopt}; };
        sink.finish = [this](std::uint64_t size) -> Result<> {
            INVARIANT(ftruncate(fd.get(), static_cast<off_t>(size)) == 0);
            return {};
        };
        return sink;
    }
};

void check_same_pages(const Dump& source, const Dump& saved) {
    std::vector<std::byte> theirs(source.page_size()), ours(source.page_size());
    int pages = 0;
    for (auto run = source.next_present(0); run && pages < 64; run = source.next_present(run->end)) {
        for (std::uint64_t at = run->begin; at < run->end && pages < 64; at += source.page_size(), ++pages) {
            if (!source.read_physical(at, theirs))
                std::ranges::fill(theirs, std::byte{0}); // unreadable pages are zeros
            if (!source.has_page(at))
                continue;
            const bool is_memory = std::ranges::any_of(source.memory(), [&](const PhysRange& range) {
                return range.overlaps({at, at + source.page_size()});
            });
            if (is_memory)
                INVARIANT(saved.read_physical(at, ours) && ours == theirs);
        }
    }
}

void check_save(const Dump& source, SaveFormat format) {
    SparseSink destination;
    Sink sink = destination.sink();
    Notices notices;
    SaveOptions options;
    options.level = 0;
    options.format = format;
    options.compression = SaveCompression::none;
    const auto result = save(source, sink, options, notices);
    if (!result) {
        INVARIANT(!result.error().message.empty());
        return;
    }
    INVARIANT(result->pages_written <= result->pages_to_do && result->pages_to_do <= result->pages_total);
    // Headers, and for each byte of the source a page at most: a segment of a byte makes one, and a bit of a bitmap.
    INVARIANT(destination.written <= (std::uint64_t{1} << 22) + 2 * source.file_size() + source.notes_size() +
                                         result->pages_to_do * (source.page_size() + 24 + 8192));
    if (result->incomplete)
        return;
    const auto saved = Dump::open(fmt::format("/proc/self/fd/{}", destination.fd.get()));
    if (!saved && saved.error().code == Errc::unsupported) // of a 32-bit machine
        return;
    INVARIANT(saved && saved->page_size() == source.page_size());
    INVARIANT(saved->vmcoreinfo().text() == source.vmcoreinfo().text());
    INVARIANT(saved->cpus().size() == source.cpus().size());
    check_same_pages(source, *saved);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FileDescriptor fd;
    const auto dump = open_input(data, size, fd);
    // More takes time, and shows no more.
    if (!dump || dump->pages_present() > 4096 || dump->notes_size() > (std::uint64_t{16} << 20))
        return 0;
    check_save(*dump, SaveFormat::kdump);
    check_save(*dump, SaveFormat::elf);
    return 0;
}
