// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/save.h"
#include "tests/unit/catch.h"
#include "tests/unit/kdump/save/failing_sink.h"
#include "tests/unit/kdump/save/paged_kernel.h"
#include "tests/unit/temporary_folder.h"

#include <new>
#include <set>

using namespace kx;
using namespace kx::test;

namespace {

constexpr std::uint64_t page_size = PagedKernel::page_size;

// A kernel's vmcore, saved, and what came of it opened again.
struct Saved {
    TemporaryFolder folder;
    Dump source;
    Notices notices;
    MemorySink destination;
    Result<SaveResult> result = fail(Errc::io, "nothing was saved");

    explicit Saved(const std::string& vmcore) : source(Dump::open(folder.write("vmcore", vmcore)).value()) {}
    explicit Saved(const PagedKernel& kernel) : Saved(kernel.vmcore().build()) {}

    Saved& with(const SaveOptions& options) {
        Sink sink = destination.sink();
        result = save(source, sink, options, notices);
        return *this;
    }
    Saved& flattened(const SaveOptions& options) {
        Sink sink = flattened_sink(destination.sink()).value();
        result = save(source, sink, options, notices);
        return *this;
    }
    Dump open() const { return Dump::open(folder.write("dump", destination.content)).value(); }
};

SaveOptions level(unsigned level) {
    SaveOptions options;
    options.level = level;
    options.compression = SaveCompression::zlib;
    return options;
}

std::set<std::uint64_t> frames_of(const Dump& dump) {
    std::set<std::uint64_t> frames;
    for (const PhysRange& range : dump.memory()) {
        for (std::uint64_t at = range.begin; at < range.end; at += page_size) {
            if (dump.has_page(at))
                frames.insert(at / page_size);
        }
    }
    return frames;
}

// Whether each page that the dump has is the source's.
void check_pages(const Dump& dump, const Dump& source, std::uint64_t count) {
    std::uint64_t seen = 0;
    std::string theirs(page_size, '\0'), ours(page_size, '\0');
    for (std::uint64_t frame : frames_of(dump)) {
        INFO("frame " << frame);
        REQUIRE(source.read_physical(frame * page_size, std::as_writable_bytes(std::span(theirs))));
        REQUIRE(dump.read_physical(frame * page_size, std::as_writable_bytes(std::span(ours))));
        CHECK(ours == theirs);
        ++seen;
    }
    CHECK(seen == count);
}

// One page of each kind that a level leaves out.
struct Kinds {
    PagedKernel kernel;
    std::uint64_t cache, private_cache, anonymous, swap, free, slab, poisoned, offline, plain, zeros;

    explicit Kinds(Era era = Era::v6_1) : kernel(era) {
        const std::uint32_t buddy = era == Era::v6_1 ? ~0x80u : 0xf0000000;
        const std::uint32_t away = era == Era::v6_1 ? ~0x100u : 0xf1000000;
        cache = page({.flags = flag::lru, .mapping = 0xffff888000001000});
        private_cache = page({.flags = flag::lru | flag::private_data, .mapping = 0xffff888000001000});
        anonymous = page({.flags = flag::lru | flag::swapbacked, .mapping = 0xffff888000002001});
        swap = page({.flags = flag::swapcache | flag::swapbacked});
        page({.flags = flag::swapcache}); // the bit has another meaning here
        free = kernel.data(4, 'f', 4);
        kernel.set(free, {.private_data = 2, .mapcount = buddy});
        slab = page(era == Era::v6_1 ? StructPage{.flags = flag::slab, .mapping = 0xffff888000002001}
                                     : StructPage{.mapping = 0xffff888000002001, .mapcount = 0xf5000001});
        poisoned = page({.flags = flag::poisoned});
        offline = page({.mapcount = away});
        plain = page({});
        zeros = kernel.data(3, '\0');
    }
    std::uint64_t page(const StructPage& page) {
        const std::uint64_t frame = kernel.data(1, 'd');
        kernel.set(frame, page);
        return frame;
    }
    std::set<std::uint64_t> all() const {
        std::set<std::uint64_t> frames;
        const std::uint64_t count = const_cast<PagedKernel&>(kernel).memory().size() / page_size;
        for (std::uint64_t i = 0; i < count; ++i)
            frames.insert(PagedKernel::first_frame + i);
        frames.erase(poisoned);
        frames.erase(offline);
        return frames;
    }
};

} // namespace

TEST_CASE("each level leaves out what it is for, of old and new kernels' pages") {
    const Era era = GENERATE(Era::v6_1, Era::v7_3);
    const Kinds kinds(era);
    const auto without = [&](std::initializer_list<std::uint64_t> frames) {
        auto all = kinds.all();
        for (std::uint64_t frame : frames)
            all.erase(frame);
        return all;
    };
    const auto kept = [&](unsigned bits) {
        Saved saved(kinds.kernel);
        saved.with(level(bits));
        REQUIRE(saved.result);
        CHECK(saved.notices.texts().empty());
        CHECK(saved.result->left_out.poisoned == 1);
        CHECK(saved.result->left_out.offline == 1);
        return frames_of(saved.open());
    };
    const std::uint64_t free = kinds.free;
    CHECK(kept(0) == kinds.all());
    CHECK(kept(1) == kinds.all()); // zero pages share one
    CHECK(kept(2) == without({kinds.cache, kinds.swap}));
    CHECK(kept(4) == without({kinds.cache, kinds.swap, kinds.private_cache}));
    CHECK(kept(8) == without({kinds.anonymous}));
    CHECK(kept(16) == without({free, free + 1, free + 2, free + 3}));
    CHECK(kept(31) ==
          without({kinds.cache, kinds.swap, kinds.private_cache, kinds.anonymous, free, free + 1, free + 2, free + 3}));
}

TEST_CASE("a compound page goes as a whole, and its tails are not judged by words that are not theirs") {
    const Era era = GENERATE(Era::v6_1, Era::v7_3);
    PagedKernel kernel(era);
    const std::uint64_t huge = kernel.data(8, 'h', 8), kernels = kernel.data(4, 'k', 4), torn = kernel.data(4, 't', 4);
    const std::uint64_t hugetlb = kernel.data(4, 'l', 4);
    kernel.compound(huge, 3, {.flags = flag::lru, .mapping = 0xffff888000002001}, 0, era);
    kernel.compound(kernels, 2, {}, 0, era);
    kernel.compound(torn, 2, {.flags = flag::lru, .mapping = 0xffff888000002001}, 0, era);
    kernel.set(torn + 2, {}); // it was being taken apart
    kernel.compound(hugetlb, 2, {.mapcount = era == Era::v6_1 ? 0xffffffff : 0xf4000000}, 2, era);
    Saved saved(kernel);
    saved.with(level(leave_out::user));
    REQUIRE(saved.result);
    CHECK(saved.result->left_out.by_level[3] == 8 + 2 + 4);
    const auto frames = frames_of(saved.open());
    CHECK_FALSE(frames.contains(huge));
    CHECK_FALSE(frames.contains(huge + 7));
    CHECK(frames.contains(kernels));
    CHECK(frames.contains(kernels + 1));
    CHECK_FALSE(frames.contains(torn + 1));
    CHECK(frames.contains(torn + 2));
    CHECK_FALSE(frames.contains(hugetlb + 3));
}

TEST_CASE("what vmcoreinfo does not tell is not guessed, but said") {
    Kinds kinds;
    auto& info = kinds.kernel.vmcoreinfo();
    SECTION("one level lacks its facts") {
        info.erase(info.find("NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)"),
                   info.find("NUMBER(PAGE_OFFLINE") - info.find("NUMBER(PAGE_BUDDY"));
        Saved saved(kinds.kernel);
        saved.with(level(31));
        REQUIRE(saved.result);
        CHECK(saved.result->left_out.by_level[4] == 0);
        CHECK(saved.result->left_out.by_level[3] == 1);
        REQUIRE(saved.notices.texts().size() == 1);
        CHECK(saved.notices.texts()[0] == "free pages stay in the dump: vmcoreinfo does not tell "
                                          "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)");
    }
    SECTION("nothing is known of struct page") {
        info.erase(info.find("SIZE(page)"), std::strlen("SIZE(page)=64\n"));
        Saved saved(kinds.kernel);
        saved.with(level(31));
        REQUIRE(saved.result);
        CHECK(saved.result->pages_written == saved.result->pages_total);
        REQUIRE(saved.notices.texts().size() == 1);
        CHECK(saved.notices.texts()[0].find("SIZE(page)") != std::string::npos);
    }
}

TEST_CASE("what is saved reads back page by page, in each format, by one thread and by several") {
    Kinds kinds;
    for (int i = 0; i < 300; ++i) // some of it does not compress
        kinds.kernel.memory()[kinds.kernel.memory().size() - 1 - static_cast<std::size_t>(i * 41)] =
            static_cast<char>(i * 7919 >> 3);
    SaveOptions options = level(GENERATE(0u, 31u));
    options.compression = GENERATE(SaveCompression::none, SaveCompression::zlib, SaveCompression::zstd);
    options.threads = GENERATE(1u, 3u);
    options.format = GENERATE(SaveFormat::kdump, SaveFormat::elf);
    Saved saved(kinds.kernel);
    SECTION("as it is") {
        saved.with(options);
    }
    SECTION("flattened") {
        saved.flattened(options);
    }
    REQUIRE(saved.result);
    CHECK_FALSE(saved.result->incomplete);
    CHECK(saved.destination.finished);
    const Dump dump = saved.open();
    CHECK_FALSE(dump.incomplete());
    CHECK(dump.cpus().size() == 1);
    CHECK(dump.vmcoreinfo().text() == saved.source.vmcoreinfo().text());
    if (options.format == SaveFormat::kdump)
        check_pages(dump, saved.source, saved.result->pages_written);
    else
        CHECK(dump.format() == DumpFormat::elf);
}

TEST_CASE("a full destination keeps a readable dump of what fitted, wherever it was full") {
    const Kinds kinds;
    const auto whole = Saved(kinds.kernel).with(level(1)).destination.content.size();
    SaveOptions options = level(1);
    unsigned incomplete = 0;
    std::uint64_t last = 0;
    for (std::uint64_t room = 0; room <= whole; room += whole / 50 + 1) {
        Saved saved(kinds.kernel);
        saved.destination.room = room;
        saved.with(options);
        INFO("room for " << room << " of " << whole);
        if (!saved.result) {
            CHECK(saved.result.error().code == Errc::no_room);
            continue;
        }
        CHECK(saved.result->incomplete == (room < whole));
        REQUIRE(saved.result->stopped_by.has_value() == (room < whole));
        const Dump dump = saved.open();
        CHECK(dump.incomplete() == (room < whole));
        CHECK(saved.result->pages_written >= last);
        last = saved.result->pages_written;
        check_pages(dump, saved.source, last);
        ++incomplete;
    }
    CHECK(incomplete > 3);
}

TEST_CASE("a destination that fails at any write is told, and the dump never says that it is whole") {
    const Kinds kinds;
    unsigned write = 1;
    for (; write < 100; ++write) {
        Saved saved(kinds.kernel);
        saved.destination.failing_write = write;
        saved.with(level(31));
        if (saved.result && !saved.result->incomplete)
            break;
        INFO("write " << write);
        if (!saved.result) {
            CHECK(saved.result.error().code == Errc::io);
            continue;
        }
        CHECK(saved.result->stopped_by->message == "the disk is broken");
        const Dump dump = saved.open();
        CHECK(dump.incomplete());
        check_pages(dump, saved.source, saved.result->pages_written);
    }
    CHECK(write > 3);
    CHECK(write < 100);
}

TEST_CASE("a save that is stopped leaves what was written, readable") {
    PagedKernel kernel;
    kernel.data(700, 's');
    SaveOptions options = level(0);
    options.threads = GENERATE(1u, 2u);
    unsigned asked = 0;
    options.proceed = [&](const SaveProgress& progress) {
        CHECK(progress.pages_done <= progress.pages_to_do);
        return progress.pages_done == 0 || ++asked < 2;
    };
    Saved saved(kernel);
    saved.with(options);
    REQUIRE(saved.result);
    CHECK(saved.result->incomplete);
    CHECK_FALSE(saved.result->stopped_by);
    CHECK(saved.result->pages_written == 512);
    const Dump dump = saved.open();
    CHECK(dump.incomplete());
    check_pages(dump, saved.source, 512);
}

TEST_CASE("an ELF dump has a PT_LOAD for each run of kept pages, and still says what memory there was") {
    PagedKernel kernel;
    const std::uint64_t before = kernel.data(20, 'a');
    const std::uint64_t free = kernel.data(256, 'f', 256);
    const std::uint64_t behind = kernel.data(10, 'z');
    kernel.set(free, {.private_data = 8, .mapcount = ~0x80u});
    SaveOptions options = level(31);
    options.format = SaveFormat::elf;
    Saved saved(kernel);
    saved.with(options);
    REQUIRE(saved.result);
    const Dump dump = saved.open();
    CHECK(dump.segments().size() == 2);
    CHECK(total_size(dump.memory()) == total_size(saved.source.memory()));
    CHECK(dump.has_page(before * page_size));
    CHECK_FALSE(dump.has_page(free * page_size));
    CHECK_FALSE(dump.has_page((free + 255) * page_size));
    CHECK(dump.has_page(behind * page_size));
    check_pages(dump, saved.source, saved.result->pages_written);
}

TEST_CASE("a save that is stopped while pages are judged says that there is no dump") {
    PagedKernel kernel;
    kernel.data(10, 's');
    SaveOptions options = level(31);
    options.proceed = [](const SaveProgress&) { return false; };
    Saved saved(kernel);
    saved.with(options);
    REQUIRE_FALSE(saved.result);
    CHECK(saved.result.error().message.find("before a page was written") != std::string::npos);
}

TEST_CASE("memory that runs out ends a save, by one thread or several, and what was written stays readable") {
    PagedKernel kernel;
    kernel.data(900, 's');
    SaveOptions options = level(0);
    options.threads = GENERATE(1u, 3u);
    unsigned asked = 0;
    options.proceed = [&](const SaveProgress& progress) {
        if (progress.pages_done > 0 && ++asked == 2)
            throw std::bad_alloc();
        return true;
    };
    Saved saved(kernel);
    saved.with(options);
    REQUIRE(saved.result);
    CHECK(saved.result->incomplete);
    REQUIRE(saved.result->stopped_by);
    CHECK(saved.result->stopped_by->message.find("not enough memory") != std::string::npos);
    const Dump dump = saved.open();
    CHECK(dump.incomplete());
    check_pages(dump, saved.source, 512);
}

TEST_CASE("a free block's order is believed only where the kernel has such blocks and they begin there") {
    PagedKernel kernel;
    kernel.tell("LENGTH(zone.free_area)=4");
    const std::uint64_t sound = kernel.data(8, 'f', 8), large = kernel.data(16, 'l', 16);
    const std::uint64_t unaligned = kernel.data(4, 'u', 4) + 1;
    kernel.set(sound, {.private_data = 3, .mapcount = ~0x80u});
    kernel.set(large, {.private_data = 4, .mapcount = ~0x80u});
    kernel.set(unaligned, {.private_data = 1, .mapcount = ~0x80u});
    Saved saved(kernel);
    saved.with(level(leave_out::free));
    REQUIRE(saved.result);
    CHECK(saved.result->left_out.by_level[4] == 8 + 1 + 1);
    const auto frames = frames_of(saved.open());
    CHECK_FALSE(frames.contains(sound + 7));
    CHECK_FALSE(frames.contains(large));
    CHECK(frames.contains(large + 1));
    CHECK(frames.contains(unaligned + 1));
}

TEST_CASE("what an ELF dump leaves out reads as zeros, whatever the device had there") {
    PagedKernel kernel;
    kernel.data(3, 'a');
    const std::uint64_t free = kernel.data(4, 'f', 4);
    kernel.data(3, 'z');
    kernel.set(free, {.private_data = 2, .mapcount = ~0x80u});
    SaveOptions options = level(leave_out::free);
    options.format = SaveFormat::elf;
    Saved saved(kernel);
    saved.destination.content.assign(std::size_t{8} << 20, 'x');
    Sink sink = saved.destination.sink();
    sink.holes = false;
    saved.result = save(saved.source, sink, options, saved.notices);
    REQUIRE(saved.result);
    std::string page(page_size, '?');
    REQUIRE(saved.open().read_physical((free + 1) * page_size, std::as_writable_bytes(std::span(page))));
    CHECK(page == std::string(page_size, '\0'));
}

TEST_CASE("nothing follows a record that a flattened stream took in part only") {
    PagedKernel kernel;
    kernel.data(400, 's');
    SaveOptions options = level(0);
    options.compression = SaveCompression::none;
    Saved saved(kernel);
    saved.destination.room = 700 << 10;
    Sink stream = saved.destination.sink();
    const auto inner = stream.write_at;
    stream.write_at = [&](std::uint64_t offset, std::span<const std::byte> bytes) {
        Written written = inner(offset, bytes);
        if (written.error) // somebody makes room
            saved.destination.room = 64 << 20;
        return written;
    };
    Sink sink = flattened_sink(std::move(stream)).value();
    saved.result = save(saved.source, sink, options, saved.notices);
    REQUIRE(saved.result);
    CHECK(saved.result->incomplete);
    CHECK(saved.destination.content.size() == (700 << 10));
    CHECK(saved.open().incomplete());
}

TEST_CASE(
    "headers that speak of more memory than the file has cost nothing; of more than a machine has they are refused") {
    PagedKernel kernel;
    kernel.data(10, 's');
    const std::uint64_t size = GENERATE(std::uint64_t{1} << 45, std::uint64_t{1} << 62);
    auto vmcore = kernel.vmcore();
    vmcore.memory(std::uint64_t{1} << 40, "", 0, size);
    Saved saved(vmcore.build());
    SaveOptions options = level(31);
    options.format = SaveFormat::elf;
    saved.with(options);
    CHECK(saved.result.has_value() == (size < std::uint64_t{1} << 50));
    if (saved.result)
        CHECK(saved.result->left_out.missing == size / page_size);
}

TEST_CASE("memory that lies far up does not fill a destination without holes with zeros") {
    PagedKernel kernel;
    kernel.data(10, 's');
    auto vmcore = kernel.vmcore();
    vmcore.memory(std::uint64_t{96} << 40, std::string(page_size, 'f'));
    Saved saved(vmcore.build());
    Sink sink = saved.destination.sink();
    sink.holes = false;
    SaveOptions options = level(0);
    SECTION("bitmaps are refused") {
        saved.result = save(saved.source, sink, options, saved.notices);
        REQUIRE_FALSE(saved.result);
        CHECK(saved.result.error().code == Errc::no_room);
        CHECK(saved.result.error().message.find("memory up to 0x600000001000") != std::string::npos);
        CHECK(saved.destination.content.empty());
    }
    SECTION("an ELF file has none") {
        options.format = SaveFormat::elf;
        saved.result = save(saved.source, sink, options, saved.notices);
        REQUIRE(saved.result);
        CHECK(saved.destination.content.size() < std::size_t{8} << 20);
        check_pages(saved.open(), saved.source, saved.result->pages_written);
    }
}

TEST_CASE("an ELF dump that ends early has the pages that came of a range that begins inside one") {
    VmcoreBuilder<> vmcore;
    vmcore.vmcoreinfo("PAGESIZE=4096\n")
        .memory(0x1c00, std::string(0x400, 'e'))
        .memory(0x100000, std::string(0x8000, 'x'));
    SaveOptions options = level(0);
    options.format = SaveFormat::elf;
    const auto whole = Saved(vmcore.build()).with(options).destination.content.size();
    Saved saved(vmcore.build());
    saved.destination.room = whole - 0x2000;
    saved.with(options);
    REQUIRE(saved.result);
    CHECK(saved.result->incomplete);
    std::string out(0x400, '?');
    const Dump dump = saved.open();
    REQUIRE(dump.read_physical(0x1c00, std::as_writable_bytes(std::span(out))));
    CHECK(out == std::string(0x400, 'e'));
}
