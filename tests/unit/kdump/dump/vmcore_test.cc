// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/dump/dump.h"
#include "kdump/dump/dump_window.h"
#include "tests/unit/catch.h"
#include "tests/unit/kdump/dump/kdump_builder.h"
#include "tests/unit/kdump/dump/opened_dump.h"
#include "tests/unit/kdump/dump/vmcore_builder.h"

#include <thread>

#include <sys/stat.h>

using namespace kx;
using namespace kx::test;

namespace {

bool mentions(const std::string& text, std::string_view word) {
    return text.find(word) != std::string::npos;
}

VmcoreBuilder<> two_ranges() {
    VmcoreBuilder<> vmcore;
    vmcore.vmcoreinfo("OSRELEASE=6.1.0\nPAGESIZE=4096\n").cpu(0).cpu(96);
    vmcore.memory(0x10000, std::string(0x2000, 'b')).memory(0x1000, std::string(0x1000, 'a'), 0xffff888000001000);
    return vmcore;
}

} // namespace

TEST_CASE("an ELF vmcore tells its memory, CPUs and vmcoreinfo", "[dump]") {
    const OpenedDump file(two_ranges().build());
    REQUIRE(file.dump);
    CHECK(file->format() == DumpFormat::elf);
    CHECK(file->architecture() == "x86_64");
    CHECK(file->page_size() == 4096);
    CHECK(file->vmcoreinfo().value("OSRELEASE") == "6.1.0");
    CHECK_FALSE(file->incomplete());
    CHECK(file->pages_present() == 3);
    CHECK(file->compression() == "none");
    REQUIRE(file->memory().size() == 2);
    CHECK(file->memory()[0] == PhysRange{0x1000, 0x2000});
    CHECK(file->memory()[1] == PhysRange{0x10000, 0x12000});
    REQUIRE(file->segments().size() == 2);
    CHECK(file->segments()[0].virtual_address == 0xffff888000001000);
    REQUIRE(file->cpus().size() == 2);
    CHECK(file->cpus()[1].index == 1);
    CHECK(file->cpus()[1].pid == 96);
}

TEST_CASE("memory of an ELF vmcore is read where it is, and refused where it is not", "[dump]") {
    const OpenedDump file(two_ranges().build());
    REQUIRE(file.dump);
    CHECK(file.read(0x1ffe, 2) == "aa");
    CHECK(file.read(0x11ffe, 2) == "bb");
    CHECK(file->has_page(0x1000));
    CHECK(file->has_page(0x11fff));
    CHECK_FALSE(file->has_page(0x2000));
    CHECK_FALSE(file->has_page(UINT64_MAX));
    CHECK(mentions(file.read(0x1fff, 2), "no memory at 0x2000"));
    CHECK(mentions(file.read(UINT64_MAX, 1), "no memory"));
}

TEST_CASE("PT_LOADs that overlap, as that of the kernel's text does, are one memory", "[dump]") {
    VmcoreBuilder<> vmcore;
    vmcore.memory(0x2000, std::string(0x1000, 't')).memory(0x1000, std::string(0x3000, 'm'));
    vmcore.memory(0x3000, std::string(0x4000, 'n'));
    const OpenedDump file(vmcore.build());
    REQUIRE(file.dump);
    REQUIRE(file->memory().size() == 1);
    CHECK(file->memory()[0] == PhysRange{0x1000, 0x7000});
    CHECK(file.read(0x1fff, 2) == "mm");
    CHECK(file.read(0x3fff, 2) == "mn");
    CHECK(file->pages_present() == 6);
}

TEST_CASE("what a PT_LOAD has in memory and not in the file was left out", "[dump]") {
    VmcoreBuilder<> vmcore;
    vmcore.memory(0x1000, std::string(0x1000, 'a'), 0, 0x3000);
    const OpenedDump file(vmcore.build());
    REQUIRE(file.dump);
    CHECK_FALSE(file->incomplete());
    CHECK(file->memory()[0] == PhysRange{0x1000, 0x4000});
    CHECK_FALSE(file->has_page(0x2000));
    CHECK(mentions(file.read(0x2000, 1), "left out"));
}

TEST_CASE("an ELF vmcore that was cut is read as far as it goes", "[dump]") {
    auto bytes = two_ranges().build();
    bytes.resize(bytes.size() - 0x1800); // the second range comes first
    const OpenedDump file(bytes);
    REQUIRE(file.dump);
    CHECK(file->incomplete());
    CHECK(file.read(0x10000, 4) == "bbbb");
    CHECK(file->has_page(0x10000));
    CHECK_FALSE(file->has_page(0x11000));
    CHECK(mentions(file.read(0x1000, 1), "the file ends early"));
    CHECK(file->cpus().size() == 2);
}

TEST_CASE("a dump with ELF32 headers is read; the kernel's addresses tell that it was a 64-bit one", "[dump]") {
    VmcoreBuilder<layout::Elf32<false>> vmcore;
    vmcore.machine = layout::em_386;
    vmcore.vmcoreinfo("SYMBOL(_stext)=ffffffff81000000\n").cpu(7).memory(0x1000, "abcd");
    const OpenedDump file(vmcore.build());
    REQUIRE(file.dump);
    CHECK(file->architecture() == "x86_64");
    CHECK(file->cpus()[0].pid == 7);
    CHECK(file.read(0x1001, 2) == "bc");
}

TEST_CASE("hostile ELF headers are refused by name", "[dump]") {
    const auto refusal = [](auto&& change, Errc code) {
        auto vmcore = two_ranges();
        change(vmcore);
        const OpenedDump file(vmcore.build());
        REQUIRE_FALSE(file.dump);
        CHECK(file.dump.error().code == code);
        return file.dump.error().message;
    };
    CHECK(mentions(
        refusal([](auto& v) { v.patch_segments = [](auto& s) { s[1].paddr = UINT64_MAX - 1; }; }, Errc::malformed),
        "wraps"));
    CHECK(mentions(refusal([](auto& v) { v.patch_segments = [](auto& s) { s[1].memsz = 1u; }; }, Errc::malformed),
                   "p_filesz"));
    CHECK(
        mentions(refusal([](auto& v) { v.patch_header = [](auto& h) { h.phoff = UINT64_MAX - 8; }; }, Errc::malformed),
                 "program headers"));
    CHECK(mentions(
        refusal([](auto& v) { v.patch_header = [](auto& h) { h.phnum = std::uint16_t{0}; }; }, Errc::malformed),
        "no program headers"));
    CHECK(mentions(
        refusal([](auto& v) { v.patch_header = [](auto& h) { h.phentsize = std::uint16_t{1}; }; }, Errc::malformed),
        "e_phentsize"));
    CHECK(
        mentions(refusal([](auto& v) { v.patch_header = [](auto& h) { h.phnum = layout::pn_xnum; }; }, Errc::malformed),
                 "sections"));
    CHECK(mentions(
        refusal([](auto& v) { v.patch_header = [](auto& h) { h.type = layout::et_exec; }; }, Errc::unsupported),
        "no core file"));
    CHECK(mentions(refusal([](auto& v) { v.patch_header = [](auto& h) { h.ident[5] = 2; }; }, Errc::unsupported),
                   "big endian"));
    CHECK(mentions(refusal(
                       [](auto& v) {
                           v.vmcoreinfo("PAGESIZE=3\n");
                           v.notes = vmcoreinfo_note("PAGESIZE=3");
                       },
                       Errc::malformed),
                   "page size"));
}

TEST_CASE("what is no dump is refused by name", "[dump]") {
    const OpenedDump text("this is a text of more than sixteen bytes");
    REQUIRE_FALSE(text.dump);
    CHECK(text.dump.error().code == Errc::not_this_format);
    const OpenedDump nothing("");
    REQUIRE_FALSE(nothing.dump);
    CHECK(mentions(nothing.dump.error().message, "is empty"));
    TemporaryFolder folder;
    CHECK(Dump::open(folder.path).error().code == Errc::usage);
    CHECK(Dump::open(folder.path / "missing").error().code == Errc::not_found);
}

TEST_CASE("a dump that comes through a pipe is read, flattened or not", "[dump]") {
    const auto plain = two_ranges().build();
    for (const auto& bytes : {plain, flattened(plain)}) {
        TemporaryFolder folder;
        const std::string path = folder.path / "pipe";
        REQUIRE(mkfifo(path.c_str(), 0600) == 0);
        std::thread writer([&] { std::ofstream(path, std::ios::binary) << bytes; });
        const auto dump = Dump::open(path);
        writer.join();
        REQUIRE(dump);
        CHECK(dump->file_size() == bytes.size());
        CHECK(dump->format() == DumpFormat::elf);
        std::string out(4, '?');
        CHECK(dump->read_physical(0x11ffc, std::as_writable_bytes(std::span(out))));
        CHECK(out == "bbbb");
        DumpWindow window(*dump);
        const auto part = window.at(0x1000, 0x1000);
        REQUIRE(part);
        CHECK(part->back() == std::byte{'a'});
    }
}

TEST_CASE("a window shows what is read, in any steps", "[dump]") {
    std::string content(5 << 20, '\0');
    for (std::size_t i = 0; i < content.size(); ++i)
        content[i] = static_cast<char>(i * 2654435761u >> 13);
    VmcoreBuilder<> vmcore;
    vmcore.memory(0x100000, content).memory(0x100000 + content.size(), "behind");
    for (const auto& bytes : {vmcore.build(), flattened(vmcore.build())}) {
        const OpenedDump file(bytes);
        REQUIRE(file.dump);
        DumpWindow window(*file.dump);
        for (std::uint64_t step : {std::uint64_t{4096}, std::uint64_t{100000}, std::uint64_t{3} << 20}) {
            for (std::uint64_t at = 0; at < content.size(); at += step) {
                const auto length = std::min<std::uint64_t>(step, content.size() - at);
                const auto part = window.at(0x100000 + at, length);
                REQUIRE(part);
                REQUIRE(std::memcmp(part->data(), content.data() + at, length) == 0);
            }
        }
        const auto across = window.at(0x100000 + content.size() - 2, 4);
        REQUIRE(across);
        CHECK(std::memcmp(across->data() + 2, "be", 2) == 0);
        CHECK(window.at(0x100000, 0));
        CHECK(window.at(0, 1).error().code == Errc::not_found);
        CHECK(window.at(0x100000, DumpWindow::length_limit + 1).error().code == Errc::usage);
        CHECK_FALSE(window.lost());
    }
}

TEST_CASE("a file that is cut under a window gives zeros and is noticed", "[dump]") {
    VmcoreBuilder<> vmcore;
    vmcore.memory(0x1000, std::string(0x10000, 'x'));
    const OpenedDump file(vmcore.build());
    REQUIRE(file.dump);
    DumpWindow window(*file.dump);
    REQUIRE(window.at(0x1000, 0x10000));
    std::filesystem::resize_file(file->path(), 0x2000);
    const auto part = window.at(0x1000, 0x10000);
    REQUIRE(part);
    CHECK(part->back() == std::byte{0});
    CHECK(window.lost());
    CHECK(mentions(file.read(0x10000, 4), "ends at offset"));
}

TEST_CASE("PT_NOTEs over the same bytes count once") {
    VmcoreBuilder<> vmcore = two_ranges();
    const std::size_t many = GENERATE(1u, 3u);
    vmcore.patch_segments = [&](auto& segments) {
        for (std::size_t i = 1; i < many; ++i)
            segments[i] = segments[0];
    };
    const OpenedDump file(vmcore.build());
    REQUIRE(file.dump);
    CHECK(file->damage().empty() == (many == 1));
    CHECK(file->cpus().size() == 2);
    CHECK(file->notes_size() == vmcore.notes.size());
}

TEST_CASE("notes that are broken cost only themselves, and are told", "[dump]") {
    VmcoreBuilder<> vmcore = two_ranges();
    vmcore.vmcoreinfo("OSRELEASE=6.1.0\n");
    const OpenedDump sound(vmcore.build());
    REQUIRE(sound.dump);
    CHECK(sound->damage().empty());
    vmcore.notes = std::string("\xff\xff\xff\x7f\x04\x00\x00\x00\x01\x00\x00\x00XXXX", 16);
    const OpenedDump file(vmcore.build());
    REQUIRE(file.dump);
    CHECK(mentions(file->damage(), "program header"));
    CHECK_FALSE(file->vmcoreinfo().value("OSRELEASE"));
    CHECK(file->memory().size() == sound->memory().size());
    CHECK(file.read(file->memory()[0].begin, 4) == sound.read(sound->memory()[0].begin, 4));
}

namespace {

std::string notes_of(const Dump& dump) {
    std::string notes(dump.notes_size(), '?');
    REQUIRE(dump.read_notes(0, std::as_writable_bytes(std::span(notes))));
    return notes;
}

} // namespace

TEST_CASE("notes that nobody here reads pass through, and what is broken among them is left out") {
    VmcoreBuilder<> vmcore;
    const std::string device = elf_note(std::string_view("LINUX\0\0", 7), 0x700, std::string(44, 'n') + "firmware!");
    const std::string unknown = elf_note("XEN", 77, "odd");
    vmcore.notes = device + unknown + device;
    vmcore.cpu(3);
    const std::string sound = vmcore.notes;
    auto broken = prstatus_note(4);
    broken[7] = '\x7f';
    vmcore.notes += broken;
    vmcore.cpu(5).vmcoreinfo("OSRELEASE=6.1.0\n");
    vmcore.notes += std::string(64, '\0'); // room
    vmcore.memory(0x1000, std::string(0x1000, 'a'));
    for (const auto& bytes : {vmcore.build(), flattened(vmcore.build(), 37)}) {
        const OpenedDump file(bytes);
        REQUIRE(file.dump);
        CHECK(file->device_dumps().count == 2);
        CHECK(file->device_dumps().size == 2 * 9);
        REQUIRE(file->cpus().size() == 2);
        CHECK(file->cpus()[1].pid == 5);
        CHECK(mentions(file->damage(), "program header 0: the note at"));
        CHECK(notes_of(*file.dump) == sound + prstatus_note(5) + vmcoreinfo_note("OSRELEASE=6.1.0\n"));
        const auto at = file->vmcoreinfo_in_notes();
        REQUIRE(at);
        CHECK(notes_of(*file.dump).substr(*at, 15) == "OSRELEASE=6.1.0");
    }
}

TEST_CASE("notes of a cut file are read as far as they go") {
    VmcoreBuilder<> vmcore;
    vmcore.cpu(3).cpu(4);
    auto bytes = vmcore.build();
    bytes.resize(bytes.size() - 10);
    const OpenedDump file(bytes);
    REQUIRE(file.dump);
    CHECK(file->incomplete());
    CHECK(file->damage().empty());
    REQUIRE(file->cpus().size() == 1);
    CHECK(file->cpus()[0].pid == 3);
}

TEST_CASE("zeros between notes cost none of them, however many there are", "[dump]") {
    const std::string unknown = elf_note("XYZ", 7, "odd");
    VmcoreBuilder vmcore;
    vmcore.notes.clear();
    std::string sound;
    for (std::uint32_t pid = 1; pid <= 1100; ++pid) {
        vmcore.notes += prstatus_note(pid) + std::string(16, '\0') + unknown;
        sound += prstatus_note(pid) + unknown;
    }
    vmcore.notes +=
        std::string(16, '\0') + std::string("\5\0\0\0\1\0\0\0\1\0\0\0\2\3\4\5\6", 17) + std::string(19, '\0');
    vmcore.notes += vmcoreinfo_note("OSRELEASE=6.1.0\n") + vmcoreinfo_note("");
    sound += vmcoreinfo_note("OSRELEASE=6.1.0\n") + vmcoreinfo_note("");
    vmcore.memory(0x1000, std::string(0x1000, 'm'));
    const OpenedDump file(vmcore.build());
    REQUIRE(file.dump);
    CHECK(file->damage().empty());
    CHECK(file->cpus().size() == 1100);
    CHECK(file->vmcoreinfo().text() == "OSRELEASE=6.1.0\n");
    CHECK(notes_of(*file.dump) == sound);
}

TEST_CASE("a page that is memory in part reads as zeros where it is none") {
    VmcoreBuilder<> vmcore;
    vmcore.vmcoreinfo("PAGESIZE=4096\n");
    vmcore.memory(0, std::string(0x1c00, 'l')).memory(0x1d00, std::string(0x80, 'e'));
    vmcore.memory(0x5e00, std::string(0x100, 'i')).memory(0x8000, std::string(0x1800, 'c'));
    const auto whole = vmcore.build();
    const OpenedDump file(whole);
    REQUIRE(file.dump);
    CHECK(file->pages_present() == 5);
    CHECK(file->pages_of_memory() == 5);
    CHECK(file->has_page(0x1000));
    CHECK(file.read(0x1000, 0x1000) ==
          std::string(0xc00, 'l') + std::string(0x100, '\0') + std::string(0x80, 'e') + std::string(0x280, '\0'));
    CHECK(file.read(0x5dff, 3) == std::string("\0ii", 3));
    CHECK(file.read(0x5000, 2) == std::string(2, '\0'));
    CHECK(mentions(file.read(0x1fff, 2), "no memory at 0x2000"));
    CHECK(file->next_present(0) == PhysRange{0, 0x2000});
    CHECK(file->next_present(0x2000) == PhysRange{0x5000, 0x6000});
    DumpWindow window(*file.dump);
    const auto part = window.at(0x1000, 0x1000);
    REQUIRE(part);
    CHECK(part->back() == std::byte{0});

    // What the file lacks is not taken for what was no memory.
    const OpenedDump cut(whole.substr(0, whole.size() - 1));
    REQUIRE(cut.dump);
    CHECK(cut->has_page(0x1000));
    CHECK_FALSE(cut->has_page(0x9000));
    CHECK(cut.read(0x9000, 2) == "cc");
    CHECK(mentions(cut.read(0x97ff, 1), "the file ends early"));
}

TEST_CASE("segments on the same bytes of the file are one of them where they would make more than the file has") {
    VmcoreBuilder<> vmcore;
    const std::size_t many = GENERATE(2u, 5u);
    vmcore.memory(0x10000, std::string(0x8000, 'x'));
    for (std::size_t i = 1; i < many; ++i)
        vmcore.memory(0x10000 + i * 0x10000, "", 0, 0x8000);
    vmcore.patch_segments = [](auto& segments) {
        for (std::size_t i = 2; i < segments.size(); ++i) {
            segments[i].offset = segments[1].offset;
            segments[i].filesz = segments[1].filesz;
        }
    };
    const OpenedDump file(vmcore.build());
    REQUIRE(file.dump);
    CHECK(file->pages_present() == (many == 2 ? 16u : 8u));
    CHECK(mentions(file->damage(), "the same bytes") == (many > 2));
    CHECK(file.read(0x10000, 1) == "x");
}
