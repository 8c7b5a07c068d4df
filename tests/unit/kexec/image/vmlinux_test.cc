// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/unpack/unpack.h"
#include "kexec/image/vmlinux.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/kexec/image/elf_builder.h"
#include "tests/unit/kexec/image/unpack/pack.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

namespace {

using Content = std::vector<std::byte>;
using Builder = ElfBuilder<layout::Elf64<false>>;

constexpr std::uint32_t link_address = 0x1000000;

std::string as_le64(std::uint64_t value) {
    const le64 wire = value;
    return {reinterpret_cast<const char*>(&wire), sizeof(wire)};
}

Builder plain_kernel() {
    Builder builder;
    builder.load(link_address, bytes_of("code of the kernel"), 0x3000);
    builder.load(link_address + 0x200000, bytes_of("data"), 0x1000);
    return builder;
}

Builder native_kernel(std::uint32_t type = native_note, std::uint64_t entry = link_address + 2) {
    Builder builder = plain_kernel();
    builder.note("GNU", 3, "build id").note("Linux", 0x101, "\1").note("Linux", type, as_le64(entry));
    return builder;
}

Content joined(Content a, const Content& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Content with_size(Content packed, std::uint64_t size) {
    return joined(std::move(packed), bytes_of(as_le64(size).substr(0, 4)));
}

Bytes owned(Content content) {
    return Bytes::owning(std::move(content));
}

bool same(const Bytes& bytes, const Content& content) {
    return std::ranges::equal(bytes.view().bytes(), content);
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

struct Packer {
    const char* name;
    Content (*pack)(ByteView);
};

// As the kernel's build packs: all but gzip get the unpacked size appended.
const Packer payload_packers[] = {
    {"gzip", gzip},
    {"zstd", [](ByteView content) { return with_size(zstd(content), content.size()); }},
    {"xz", [](ByteView content) { return with_size(xz(content), content.size()); }},
    {"lzma", [](ByteView content) { return with_size(lzma(content), content.size()); }},
    {"lz4", [](ByteView content) { return with_size(lz4_legacy(content), content.size()); }},
    {"bzip2", [](ByteView content) { return with_size(bzip2(content), content.size()); }},
};

const Content relocations = Content(64, std::byte{0x81});

Error unpack_refusal(Content kernel) {
    const auto unpacked = unpack_vmlinux(owned(std::move(kernel)));
    REQUIRE_FALSE(unpacked);
    return unpacked.error();
}

Error native_refusal(const Content& elf, std::optional<std::uint32_t> note_type = std::nullopt) {
    const auto image = parse_native_image(as_view(elf), note_type);
    REQUIRE_FALSE(image);
    return image.error();
}

} // namespace

TEST_CASE("a bzImage's payload gives its ELF without the relocations behind it") {
    const Content elf = native_kernel().build();
    for (const auto& packer : payload_packers) {
        INFO(packer.name);
        const Content payload = packer.pack(as_view(joined(elf, relocations)));
        const auto unpacked = unpack_vmlinux(owned(BzimageBuilder{}.payload(payload).build()));
        REQUIRE(unpacked);
        CHECK(same(*unpacked, elf));
        CHECK(parse_native_image(unpacked->view()));
    }
}

TEST_CASE("an ELF is what it is: the same bytes, with all that is behind it") {
    const Bytes elf = owned(joined(plain_kernel().build(), relocations));
    const auto unpacked = unpack_vmlinux(elf);
    REQUIRE(unpacked);
    CHECK(unpacked->view().bytes().data() == elf.view().bytes().data());
    CHECK(unpacked->size() == elf.size());
}

TEST_CASE("compression around a kernel is taken off, three times over and no more") {
    const Content elf = plain_kernel().build();
    const Content bzimage = BzimageBuilder{}.payload(gzip(as_view(joined(elf, relocations)))).build();
    const auto from_elf = unpack_vmlinux(owned(xz(as_view(elf))));
    REQUIRE(from_elf);
    CHECK(same(*from_elf, elf));
    Content wrapped = bzimage;
    for (int times = 1; times <= wrapper_limit; ++times) {
        wrapped = lz4(as_view(wrapped));
        const auto unpacked = unpack_vmlinux(owned(wrapped));
        REQUIRE(unpacked);
        CHECK(same(*unpacked, elf));
    }
    const Error error = unpack_refusal(gzip(as_view(wrapped)));
    CHECK(error.code == Errc::malformed);
    CHECK(contains(error.message, "more than 3 times"));
}

TEST_CASE("the limit holds for a payload and for what is around a kernel") {
    const Content elf = plain_kernel().build();
    for (const Content& kernel : {gzip(as_view(elf)), BzimageBuilder{}.payload(gzip(as_view(elf))).build()}) {
        CHECK(unpack_vmlinux(owned(kernel), elf.size()));
        const auto refused = unpack_vmlinux(owned(kernel), elf.size() - 1);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::unsupported);
    }
}

TEST_CASE("what holds no ELF kernel is refused by what it looks like") {
    Error error = unpack_refusal(bytes_of("just words"));
    CHECK(error.code == Errc::not_this_format);
    CHECK(contains(error.message, "it looks like text; a vmlinux (ELF) or a bzImage is wanted"));
    CHECK(unpack_refusal(gzip(as_view(bytes_of("words")))).code == Errc::not_this_format);

    error = unpack_refusal(BzimageBuilder{}.payload(gzip(as_view(bytes_of("just words")))).build());
    CHECK(error.code == Errc::malformed);
    CHECK(contains(error.message, "payload: unpacks to no ELF file: it looks like text"));

    CHECK(unpack_refusal(BzimageBuilder{}.payload({}).build()).code == Errc::not_found);
    CHECK(contains(unpack_refusal(BzimageBuilder{}.build()).message, "payload: no compressed data"));
    CHECK(contains(
        unpack_refusal(BzimageBuilder{}.payload(bytes_of(std::string_view("\x89LZO\0\r\n\x1a\n", 9))).build()).message,
        "payload: lzo: "));
    CHECK(unpack_refusal(BzimageBuilder{}.version(0x20b).build()).code == Errc::unsupported);
}

TEST_CASE("a payload of another size than it tells is refused: a legacy lz4 frame that was cut") {
    const Content elf = plain_kernel().build();
    const Content payload = with_size(lz4_legacy(as_view(elf)), elf.size() + 0x8000000);
    const Error error = unpack_refusal(BzimageBuilder{}.payload(payload).build());
    CHECK(error.code == Errc::malformed);
    CHECK(contains(error.message, fmt::format("unpacks to {:#x} bytes, and its last four say", elf.size())));
}

TEST_CASE("an image for an instance tells its entry and its memory") {
    for (const std::uint32_t type : {native_note, native_note_other}) {
        const auto image = parse_native_image(as_view(native_kernel(type).build()));
        REQUIRE(image);
        CHECK(image->note_type == type);
        CHECK(image->entry == link_address + 2);
        CHECK(image->memory == PhysRange{link_address, link_address + 0x201000});
    }
    Builder position_independent = native_kernel();
    position_independent.patch_header = [](auto& header) { header.type = layout::et_dyn; };
    CHECK(parse_native_image(as_view(position_independent.build())));
}

TEST_CASE("of two notes the running kernel's counts") {
    Builder builder = native_kernel(native_note_other, link_address + 3);
    const Content other = builder.build();
    const Content both = builder.note("Linux", native_note, as_le64(link_address + 4)).build();
    CHECK(parse_native_image(as_view(both))->entry == link_address + 4);
    CHECK(parse_native_image(as_view(both), native_note)->entry == link_address + 4);
    CHECK(parse_native_image(as_view(both), native_note_other)->entry == link_address + 3);
    CHECK(parse_native_image(as_view(other), native_note_other));

    const Error error = native_refusal(other, native_note);
    CHECK(error.code == Errc::unsupported);
    CHECK(contains(error.message, "its note has the type 0x4d4b0002, and the running kernel wants 0x4d4b;"));
}

TEST_CASE("a kernel without the note is refused with what to do") {
    Builder nearly = plain_kernel();
    nearly.note("Xen", native_note, as_le64(link_address)).note("Linux", 0x4d4c, as_le64(link_address));
    nearly.note("Linux", native_note, "four").note("Linux", native_note, as_le64(link_address) + "more");
    nearly.note(std::string_view("Linux\0x", 7), native_note, as_le64(link_address));
    for (const auto& elf : {plain_kernel().build(), nearly.build()}) {
        const Error error = native_refusal(elf);
        CHECK(error.code == Errc::unsupported);
        CHECK(error.message.starts_with("built without CONFIG_MULTIKERNEL: "));
        CHECK(contains(error.message, "take a kernel that was built with that option"));
    }
}

TEST_CASE("other programs are no kernels for an instance") {
    CHECK(native_refusal(bytes_of("text")).code == Errc::not_this_format);
    Builder arm64 = native_kernel();
    arm64.machine(layout::em_aarch64);
    ElfBuilder<layout::Elf32<false>> i386;
    i386.machine(layout::em_386).load(link_address, bytes_of("code"), 4);
    ElfBuilder<layout::Elf64<true>> big_endian;
    big_endian.load(link_address, bytes_of("code"), 4);
    Builder core = native_kernel();
    core.patch_header = [](auto& header) { header.type = layout::et_core; };
    for (const auto& elf : {arm64.build(), i386.build(), big_endian.build()}) {
        const Error error = native_refusal(elf);
        CHECK(error.code == Errc::unsupported);
        CHECK(contains(error.message, "instances here take an ELF64 kernel for x86_64"));
    }
    CHECK(native_refusal(core.build()).code == Errc::unsupported);
    CHECK(contains(native_refusal(arm64.build()).message, "ELF64 for aarch64"));
    CHECK(contains(native_refusal(core.build()).message, "e_type 4"));
}

TEST_CASE("segments that the kernel would copy wrongly are refused") {
    const auto refusal = [](auto patch) {
        Builder builder = native_kernel();
        builder.patch_segments = patch;
        const Error error = native_refusal(builder.build());
        CHECK(error.code == Errc::malformed);
        return error.message;
    };
    CHECK(contains(refusal([](auto& s) { s[1].offset = 0x100000u; }), "program header 1"));
    CHECK(contains(refusal([](auto& s) { s[1].memsz = 3u; }), "p_filesz"));
    CHECK(contains(refusal([](auto& s) { s[1].paddr = UINT64_MAX - 0xfff; }), "wraps"));
    CHECK(contains(refusal([](auto& s) { s[1].paddr = std::uint64_t{link_address - 0x200000}; }),
                   "program header 1: p_paddr 0xe00000 is below the first PT_LOAD's, 0x1000000"));
    CHECK(contains(refusal([](auto& s) { s[1].paddr = s[1].memsz = s[1].filesz = std::uint64_t{0}; }),
                   "program header 1: p_paddr 0x0 is below"));
    CHECK(contains(refusal([](auto& s) { s[0].paddr = std::uint64_t{link_address + 0x1000}; }),
                   "p_paddr 0x1001000 of the first PT_LOAD is no multiple of 0x200000"));
    CHECK(contains(refusal([](auto& s) { s[0].type = s[1].type = layout::pt_interp; }), "nothing to load"));
    CHECK(contains(refusal([](auto& s) { s[2].offset = 0x100000u; }), "PT_NOTE"));
}

TEST_CASE("the entry lies in what the file gives a segment") {
    const std::uint64_t code_size = std::string_view("code of the kernel").size();
    for (const std::uint64_t good :
         {std::uint64_t{link_address}, link_address + code_size - 1, std::uint64_t{link_address + 0x200000}})
        CHECK(parse_native_image(as_view(native_kernel(native_note, good).build())));
    for (const std::uint64_t bad : {std::uint64_t{0}, std::uint64_t{link_address - 1}, link_address + code_size,
                                    std::uint64_t{link_address + 0x201000}, UINT64_MAX}) {
        const Error error = native_refusal(native_kernel(native_note, bad).build());
        CHECK(error.code == Errc::malformed);
        CHECK(contains(error.message, fmt::format("the entry {:#x} of note 0x4d4b", bad)));
    }
}

TEST_CASE("an entry of 0 is none, as the kernel sees it, whatever is loaded there") {
    Builder builder;
    builder.load(0, bytes_of("code"), 0x1000).note("Linux", native_note, as_le64(0));
    CHECK(native_refusal(builder.build()).code == Errc::malformed);
    Builder next;
    next.load(0, bytes_of("code"), 0x1000).note("Linux", native_note, as_le64(1));
    CHECK(parse_native_image(as_view(next.build())));
}

TEST_CASE("the notes of a running kernel tell which it wants") {
    const auto notes_of_segment = [](const Content& elf) {
        const auto header = as_view(elf).read<layout::Elf64<false>::Header>(0);
        const auto note = as_view(elf).read<layout::Elf64<false>::ProgramHeader>(header->phoff + 2 * 56);
        return *as_view(elf).slice(note->offset, note->filesz);
    };
    const Content mine = native_kernel().build();
    const Content other = native_kernel(native_note_other).build();
    Builder builder = plain_kernel();
    const Content none = builder.note("Linux", 0x101, "\1").build();
    CHECK(*native_note_of(notes_of_segment(mine)) == native_note);
    CHECK(*native_note_of(notes_of_segment(other)) == native_note_other);
    CHECK(*native_note_of(notes_of_segment(none)) == std::nullopt);
    CHECK(*native_note_of(ByteView()) == std::nullopt);
    CHECK_FALSE(native_note_of(as_view(Content(16, std::byte{0x7f}))));
}

TEST_CASE("a vmlinux tells its version in the banner that it prints first") {
    const auto version_of = [](const std::string& data) {
        Builder builder = plain_kernel();
        builder.load(link_address + 0x400000, bytes_of(data), 0x1000);
        return vmlinux_version(ByteView(builder.build()));
    };
    CHECK(version_of("xLinux version 7.2.6-mk (root@host) #1").starts_with("7.2.6-mk"));
    CHECK(version_of("Linux version 7.2.6-mk (root@host) #1") == "7.2.6-mk");
    CHECK(version_of("Linux version %s (%s) Linux version 6.1.0-50 (x)") == "6.1.0-50");
    CHECK(version_of("Linux version 7.2.6") == "");
    CHECK(version_of("Linux version 7\x01 (x)") == "");
    CHECK(version_of("Linux version 7" + std::string(200, '7') + " ") == "");
    CHECK(version_of("no banner") == "");
    CHECK(vmlinux_version(ByteView(bytes_of("Linux version 7.2.6 (x)"))) == "");
}
