// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/kernel/log.h"
#include "kexec/core/text.h"
#include "tests/unit/catch.h"
#include "tests/unit/kdump/kernel/log_builder.h"
#include "tests/unit/temporary_folder.h"

using namespace kx;
using namespace kx::test;

namespace {

struct Entry {
    std::optional<std::uint64_t> sequence, nanoseconds;
    std::optional<std::uint8_t> facility, level;
    std::string caller, text, dictionary, line;
};

struct Log {
    std::vector<Entry> entries;
    std::uint64_t damaged = 0;
    std::optional<Error> error;

    std::vector<std::string> texts() const {
        std::vector<std::string> all;
        for (const Entry& entry : entries)
            all.push_back(entry.text);
        return all;
    }
};

using Texts = std::vector<std::string>;

Log read_file(const std::string& content, std::size_t most = SIZE_MAX) {
    const TemporaryFolder folder;
    const auto dump = Dump::open(folder.write("dump", content));
    REQUIRE(dump);
    const auto memory = KernelMemory::of(*dump);
    REQUIRE(memory);
    Log log;
    const auto damaged = read_kernel_log(*memory, [&](const LogRecord& record) {
        log.entries.push_back({record.sequence, record.nanoseconds, record.facility, record.level,
                               std::string(record.caller), std::string(record.text), std::string(record.dictionary),
                               std::string(record.line)});
        return log.entries.size() < most;
    });
    if (damaged)
        log.damaged = *damaged;
    else
        log.error = damaged.error();
    return log;
}

Log read(const LogKernel& kernel) {
    return read_file(kernel.vmcore().build());
}

// The same log with one line of vmcoreinfo changed.
LogKernel with_line(LogKernel kernel, std::string_view before, std::string_view after) {
    const std::size_t at = kernel.vmcoreinfo().find(before);
    REQUIRE(at != std::string::npos);
    kernel.vmcoreinfo().replace(at, before.size(), after);
    return kernel;
}

std::string ring_of(const std::string& text, std::size_t size) {
    std::string ring(size, '\0');
    for (std::size_t i = 0; i < text.size(); ++i)
        ring[i % size] = text[i];
    return ring;
}

} // namespace

TEST_CASE("a plain log is lines with their priority and time", "[log]") {
    const std::string text = "<6>[    1.234567] one\n<30>two\n<4>[ 12345.000001] three \xff\nfour";
    const Log log = read(plain_log(ring_of(text, 256), static_cast<std::uint32_t>(text.size())));
    REQUIRE(log.texts() == Texts{"one", "two", "three \xff", "four"});
    CHECK(log.entries[0].line == "<6>[    1.234567] one\n");
    CHECK(log.entries[0].nanoseconds == 1'234'567'000u);
    CHECK(log.entries[0].level == 6);
    CHECK(log.entries[1].facility == 3);
    CHECK(log.entries[1].level == 6);
    CHECK_FALSE(log.entries[1].nanoseconds);
    CHECK(log.entries[2].nanoseconds == 12'345'000'001'000u);
    CHECK_FALSE(log.entries[3].level);
    CHECK(log.entries[3].line == "four");
}

TEST_CASE("a plain log that went round begins after its end", "[log]") {
    std::string text;
    for (int i = 0; i < 50; ++i)
        text += fmt::format("line {}\n", i);
    const auto size = static_cast<std::uint32_t>(text.size());
    const Log log = read(plain_log(ring_of(text, 64), size));
    REQUIRE(log.entries.size() == 8);
    CHECK(log.entries[0].text == "line 42");
    CHECK(log.entries.back().text == "line 49");
}

TEST_CASE("a plain log whose counter began again at 0 is as long as logged_chars says", "[log]") {
    CHECK(read(plain_log("45670123", 4, 8)).texts() == Texts{"01234567"});
    CHECK(read(plain_log("45670123", 4)).texts() == Texts{"4567"});
    CHECK(read(plain_log("45670123", 4, 0xffffffff)).texts() == Texts{"01234567"});
    CHECK(read(plain_log("45670123", 0)).texts().empty());
}

TEST_CASE("records have times, levels and dictionaries", "[log]") {
    const std::string dictionary("SUBSYSTEM=usb\0DEVICE=+usb:1-1", 29);
    const std::string ring =
        log_record({.nanoseconds = 5, .text = "one"}) +
        log_record({.nanoseconds = 6, .text = "two\nlines", .dictionary = dictionary, .level = 3}) +
        log_record({.nanoseconds = 7, .facility = 3});
    const auto size = static_cast<std::uint32_t>(ring.size());
    const Log log = read(record_log(ring + std::string(100, '\0'), 0, size));
    REQUIRE(log.texts() == Texts{"one", "two\nlines", ""});
    CHECK(log.damaged == 0);
    CHECK(log.entries[0].nanoseconds == 5u);
    CHECK(log.entries[0].level == 6);
    CHECK(log.entries[1].level == 3);
    CHECK(log.entries[1].dictionary == dictionary);
    CHECK(log.entries[2].facility == 3);

    const Log old = read(record_log(ring + std::string(100, '\0'), 0, size, "log"));
    CHECK(old.texts() == log.texts());
    CHECK_FALSE(old.entries[0].level); // not where it was later
}

TEST_CASE("records go on at the beginning of their buffer", "[log]") {
    const std::string newest = log_record({.nanoseconds = 6, .text = "after"});
    const std::string oldest = log_record({.nanoseconds = 5, .text = "before"});
    const auto next = static_cast<std::uint32_t>(newest.size());
    const std::string unused = std::string(16, '\0') + "unused...";
    CHECK(read(record_log(newest + oldest + unused, next, next)).texts().empty());
    CHECK(read(record_log(newest + "...." + oldest + unused, next + 4, next)).texts() == Texts{"before", "after"});
    CHECK(read(record_log(newest + "...." + oldest, next + 4, next)).texts() == Texts{"before", "after"});
}

TEST_CASE("a damaged record costs only itself", "[log]") {
    const std::string one = log_record({.nanoseconds = 1, .text = "one"});
    const std::string three = log_record({.nanoseconds = 3, .text = "three"});
    const auto lie = GENERATE(as<LogEntry>{}, LogEntry{.nanoseconds = 2, .text = "two", .length = 60000},
                              LogEntry{.nanoseconds = 2, .text = "two", .length = 0},
                              LogEntry{.nanoseconds = 2, .text = "two", .length = 7},
                              LogEntry{.nanoseconds = 2, .text = "two", .text_length = 60000},
                              LogEntry{.nanoseconds = 2, .text = "two", .dictionary_length = 50});
    const std::string ring = one + log_record(lie) + three;
    const Log log = read(record_log(ring + std::string(40, '\0'), 0, static_cast<std::uint32_t>(ring.size())));
    CHECK(log.texts() == Texts{"one", "three"});
    CHECK(log.damaged == 1);
}

TEST_CASE("indexes outside the records' buffer are refused", "[log]") {
    const std::string ring = log_record({.text = "one"}) + std::string(40, '\0');
    for (const auto& [first, next] : {std::pair(1000u, 20u), {0u, 1000u}}) {
        const Log log = read(record_log(ring, first, next));
        REQUIRE(log.error);
        CHECK(log.error->code == Errc::malformed);
    }
    CHECK(read(with_line(record_log(ring, 0, 20), "log_next_idx", "log_none_idx"))
              .error->message.find("SYMBOL(log_next_idx)") != std::string::npos);
}

TEST_CASE("rings have all that a record knows", "[log]") {
    RingLog rings;
    rings.add({.nanoseconds = 1'234'567'890, .text = "one", .caller = 42});
    rings.add({.text = "two\nlines", .caller = 0x80000003, .subsystem = "usb", .device = "+usb:1-1"});
    const Log log = read(rings.kernel());
    REQUIRE(log.texts() == Texts{"one", "two\nlines"});
    CHECK(log.entries[0].nanoseconds == 1'234'567'890u);
    CHECK(log.entries[0].sequence == 0u);
    CHECK(log.entries[1].sequence == 1u);
    CHECK(log.entries[0].caller == "T42");
    CHECK(log.entries[1].caller == "C3");
    CHECK(log.entries[0].facility == 2);
    CHECK(log.entries[0].level == 6);
    CHECK(log.entries[0].dictionary.empty());
    CHECK(log.entries[1].dictionary == std::string("SUBSYSTEM=usb\0DEVICE=+usb:1-1", 29));
}

TEST_CASE("of a ring that was being written only what was committed is read", "[log]") {
    RingLog rings;
    rings.add({.text = "finalized"}).add({.text = "reserved", .state = RingLog::reserved});
    rings.add({.text = "committed", .state = RingLog::committed}).add({.text = "used", .state = RingLog::reusable});
    const Log log = read(rings.kernel());
    CHECK(log.texts() == Texts{"finalized", "committed"});
    CHECK(log.damaged == 0);
}

TEST_CASE("rings that went round are read from the oldest record on", "[log]") {
    RingLog rings(3, 12);
    for (std::uint64_t i = 0; i < 500; ++i)
        rings.add({.nanoseconds = i, .text = fmt::format("record {} {}", i, std::string(i % 40, 'x'))});
    const Log log = read(rings.kernel());
    REQUIRE(log.entries.size() == 8);
    CHECK(log.damaged == 0);
    for (std::uint64_t i = 0; i < 8; ++i) {
        CHECK(log.entries[i].sequence == 492 + i);
        CHECK(log.entries[i].text == fmt::format("record {} {}", 492 + i, std::string((492 + i) % 40, 'x')));
    }
}

TEST_CASE("texts of rings: empty, lost, cut, longer than they say", "[log]") {
    RingLog rings;
    rings.add({.text = ""}).add({.text = "lost", .positions = {{1, 1}}});
    rings.add({.text = "twelve bytes", .text_length = 6}).add({.text = "eight by", .text_length = 60000});
    CHECK(read(rings.kernel()).texts() == Texts{"", "", "twelve", "eight by"});
}

TEST_CASE("a text may fill its ring to the end", "[log]") {
    RingLog rings(5, 6);
    rings.data = wire64(rings.next_id) + "one....." + wire64(rings.next_id + 1) + std::string(40, 'x');
    const std::uint64_t begin = rings.position;
    rings.add({.text = "one.....", .positions = {{begin, begin + 16}}});
    rings.add({.text = std::string(40, 'x'), .positions = {{begin + 16, begin + 64}}});
    CHECK(read(rings.kernel()).texts() == Texts{"one.....", std::string(40, 'x')});
}

TEST_CASE("damaged descriptors are counted and passed over", "[log]") {
    const std::uint64_t begin = 0 - std::uint64_t{4096};
    const auto positions =
        GENERATE_COPY(values<std::pair<std::uint64_t, std::uint64_t>>({{begin, begin},
                                                                       {begin + 4, begin + 20},
                                                                       {begin + 16, begin + 8},
                                                                       {begin, begin + 3 * 4096 + 16},
                                                                       {begin, begin + 4},
                                                                       {7, 16},
                                                                       {begin + 40, begin + 64},
                                                                       {begin + 64, begin + 80}}));
    RingLog rings;
    rings.add({.text = "sound one"}); // 24 bytes
    rings.add({.text = "bad", .positions = positions});
    rings.add({.text = "sound two"});
    const Log log = read(rings.kernel());
    CHECK(log.texts() == Texts{"sound one", "sound two"});
    CHECK(log.damaged == 1);
}

TEST_CASE("a descriptor that says it is another one is damaged", "[log]") {
    RingLog rings;
    rings.add({.text = "one"}).add({.text = "other", .stated_id = 77}).add({.text = "two"});
    const Log log = read(rings.kernel());
    CHECK(log.texts() == Texts{"one", "two"});
    CHECK(log.damaged == 1);
}

TEST_CASE("the same text is not handed out over and over", "[log]") {
    RingLog rings(5, 6);
    const std::uint64_t begin = rings.position;
    rings.data = wire64(rings.next_id) + std::string(56, 'x');
    for (int i = 0; i < 20; ++i)
        rings.add({.positions = {{begin, begin + 64}}, .text_length = 56});
    const Log log = read(rings.kernel());
    CHECK(log.entries.size() == 1);
    CHECK(log.damaged == 19);
}

TEST_CASE("texts that overlap are handed out as long as the ring has room for them", "[log]") {
    RingLog rings(5, 6);
    const std::uint64_t begin = rings.position;
    for (std::uint64_t i = 0; i < 8; ++i)
        rings.data.replace(i * 8, 8, wire64(rings.next_id + i));
    for (std::uint64_t i = 0; i < 8; ++i)
        rings.add({.positions = {{begin + i * 8, begin + 64}}, .text_length = 56 - i * 8});
    const Log log = read(rings.kernel());
    CHECK(log.entries.size() == 1);
    CHECK(log.damaged == 7);
}

TEST_CASE("sizes that no kernel has are refused", "[log]") {
    RingLog rings;
    rings.add({.text = "one"});
    const auto code_of = [](const Log& log) { return log.error ? log.error->code : Errc::changed; };
    CHECK(code_of(read(with_line(rings.kernel(), "SIZE(prb_desc)=24", "SIZE(prb_desc)=99999999999"))) ==
          Errc::malformed);
    CHECK(code_of(read(with_line(rings.kernel(), "SIZE(printk_info)=88", "SIZE(printk_info)=0"))) == Errc::malformed);
    CHECK(code_of(read(with_line(rings.kernel(), "SIZE(atomic_long_t)=8", "SIZE(atomic_long_t)=4"))) ==
          Errc::unsupported);
    CHECK(code_of(read(with_line(rings.kernel(), "OFFSET(printk_ringbuffer.text_data_ring)=48",
                                 "OFFSET(printk_ringbuffer.text_data_ring)=480"))) == Errc::malformed);
    for (const auto& [descs, data] : {std::pair(20u, 12u), {27u, 12u}, {5u, 32u}, {5u, 30u}, {5u, 2u}, {5u, 0u}}) {
        auto content = rings.kernel().vmcore().build();
        const std::size_t ring = content.find(wire64(5) + wire64(0xffffffff82000000));
        REQUIRE(ring != std::string::npos);
        content.replace(ring, 8, wire64(descs));
        content.replace(ring + 48, 8, wire64(data));
        CHECK(code_of(read_file(content)) == Errc::malformed);
    }
}

TEST_CASE("members that are past the end of their structures make records damaged", "[log]") {
    RingLog rings;
    rings.add({.text = "one"}).add({.text = "two"});
    for (const std::string_view line : {"OFFSET(prb_desc.state_var)=0", "OFFSET(prb_data_blk_lpos.next)=8",
                                        "OFFSET(printk_info.ts_nsec)=8", "OFFSET(printk_info.text_len)=16"}) {
        const Log log = read(with_line(rings.kernel(), line, fmt::format("{}99", line)));
        CHECK(log.texts().empty());
        CHECK(log.damaged == 2);
    }
    CHECK(read(with_line(rings.kernel(), "LENGTH(printk_info_device)=48", "LENGTH(printk_info_device)=4800")).texts() ==
          Texts{"one", "two"});
}

TEST_CASE("pages that are missing cost only what is on them", "[log]") {
    RingLog rings(9, 15); // 512 descriptors of 24 bytes, 512 infos of 88 bytes
    for (std::uint64_t i = 0; i < 512; ++i)
        rings.add({.nanoseconds = i, .text = fmt::format("record {:03}", i)});
    const LogKernel kernel = rings.kernel();
    const std::string sound = kernel.vmcore().build();
    REQUIRE(read_file(sound).entries.size() == 512);

    const auto without = [&](std::uint64_t virtual_address) {
        LogKernel holed = kernel;
        holed.map(virtual_address, 0x7ff'0000'0000); // where the dump has nothing
        return read_file(holed.vmcore().build());
    };
    const Log no_descs = without(0xffffffff82001000); // 4096 to 8191: the second page of descriptors
    CHECK(no_descs.damaged >= 170);
    CHECK(no_descs.damaged <= 172);
    CHECK(no_descs.entries.size() + no_descs.damaged == 512);
    const Log no_infos = without(0xffffffff82000000 + 5 * 4096);
    CHECK(no_infos.damaged >= 46);
    CHECK(no_infos.damaged <= 48);
    CHECK(no_infos.entries.size() + no_infos.damaged == 512);
    const Log no_texts = without(0xffffffff82000000 + 15 * 4096);
    CHECK(no_texts.damaged >= 170);
    CHECK(no_texts.damaged <= 172);
    CHECK(no_texts.entries.size() + no_texts.damaged == 512);
}

TEST_CASE("a reader who has enough is given no more", "[log]") {
    RingLog rings;
    rings.add({.text = "one"}).add({.text = "two"}).add({.text = "three"});
    CHECK(read_file(rings.kernel().vmcore().build(), 2).entries.size() == 2);
    const std::string ring = log_record({.text = "one"}) + log_record({.text = "two"});
    CHECK(read_file(record_log(ring + "....", 0, static_cast<std::uint32_t>(ring.size())).vmcore().build(), 1)
              .entries.size() == 1);
    CHECK(read_file(plain_log("one\ntwo\n", 8).vmcore().build(), 1).entries.size() == 1);
}

TEST_CASE("logs of kdump-compressed dumps", "[log]") {
    RingLog rings;
    rings.add({.text = "one"}).add({.text = "two"});
    CHECK(read_file(rings.kernel().kdump().build()).texts() == Texts{"one", "two"});
    CHECK(read_file(flattened(rings.kernel().kdump().build())).texts() == Texts{"one", "two"});
}

TEST_CASE("a kernel that tells of no log", "[log]") {
    const Log log = read(LogKernel());
    REQUIRE(log.error);
    CHECK(log.error->code == Errc::unsupported);
    CHECK(log.error->message.find("SYMBOL(prb)") != std::string::npos);
}
