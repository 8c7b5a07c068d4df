// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/identify.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/kexec/image/elf_builder.h"
#include "tests/unit/kexec/image/unpack/pack.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

namespace {

std::string of(const std::vector<std::byte>& bytes) {
    return identify(as_view(bytes));
}
std::string of_text(std::string_view text) {
    return of(bytes_of(text));
}

// `text` at `offset`, after bytes that are no text.
std::string of_text_at(std::size_t offset, std::string_view text) {
    std::vector<std::byte> bytes(offset, std::byte{0xee});
    std::ranges::copy(bytes_of(text), std::back_inserter(bytes));
    return of(bytes);
}

std::vector<std::byte> pe_file(std::string_view machine) {
    auto bytes = bytes_of("MZ");
    bytes.resize(0x80);
    bytes[0x3c] = std::byte{0x40};
    std::ranges::copy(bytes_of(std::string("PE\0\0", 4).append(machine)), bytes.begin() + 0x40);
    return bytes;
}

} // namespace

TEST_CASE("bytes are named for what they are") {
    CHECK(of({}) == "an empty file");
    CHECK(of_text("hello\nworld\n") == "text");
    CHECK(of_text("Gr\xc3\xbc\xc3\x9f\x65") == "text");
    CHECK(of_text("Gr\xfc\xdf\x65") == "data in no known format");
    CHECK(of_text("#!/bin/sh\n") == "a script");
    CHECK(of(std::vector<std::byte>(100)) == "nothing but zeros");
    CHECK(of_text("\x01\x02\x03") == "data in no known format");

    CHECK(of(BzimageBuilder{}.build()) == "a bzImage, boot protocol 2.15");
    CHECK(of(gzip(as_view(bytes_of("x")))) == "gzip data");
    CHECK(of(zstd(as_view(bytes_of("x")))) == "zstd data");
    CHECK(of(xz(as_view(bytes_of("x")))) == "xz data");
    CHECK(of(lzma(as_view(bytes_of("x")))) == "lzma data");
    CHECK(of_text("BZh91AY&SY") == "bzip2 data");
    CHECK(of(lz4(as_view(bytes_of("x")))) == "lz4 data");
    CHECK(of(lz4_legacy(as_view(bytes_of("x")))) == "lz4 data");
    CHECK(of_text(std::string_view("\x89LZO\0\r\n\x1a\n", 9)) == "lzo data");

    CHECK(of_text_at(0x38, "ARM\x64") == "an arm64 Image");
    CHECK(of_text_at(0x38, "RSC\x05") == "a riscv Image");
    CHECK(of_text("\x27\x05\x19\x56") == "a uImage (U-Boot)");
    CHECK(of_text("\xd0\x0d\xfe\xed") == "a flattened device tree or FIT image");
    CHECK(of_text("070701000") == "a cpio archive (an initramfs)");
    CHECK(of_text_at(0x101, "ustar") == "a tar archive");
}

TEST_CASE("ELF files are named with class, byte order and machine") {
    ElfBuilder<layout::Elf64<false>> arm64;
    arm64.machine(layout::em_aarch64);
    CHECK(of(arm64.build()) == "ELF64 for aarch64");
    ElfBuilder<layout::Elf32<true>> ppc;
    ppc.machine(layout::em_ppc);
    CHECK(of(ppc.build()) == "ELF32 (big-endian) for ppc");
    ElfBuilder<layout::Elf64<false>> core;
    core.machine(0x1234).patch_header = [](auto& header) { header.type = layout::et_core; };
    CHECK(of(core.build()) == "ELF64 for machine 0x1234 (a core dump)");
    CHECK(of_text("\x7f"
                  "ELF") == "ELF64 for machine 0x0");
}

TEST_CASE("PE files are named with their machine, and their offsets are not trusted") {
    CHECK(of(pe_file("\x64\x86")) == "a PE file (EFI) for x86_64");
    CHECK(of(pe_file("\x64\xaa")) == "a PE file (EFI) for aarch64");
    auto far = pe_file("\x64\x86");
    std::fill_n(far.begin() + 0x3c, 4, std::byte{0xff});
    CHECK(of(far) == "a DOS program");
    CHECK(of_text("MZ") == "a DOS program");
    CHECK(of_text("M") == "text");
}

TEST_CASE("a zboot image is named with its compression, unless that is no name") {
    auto bytes = bytes_of(std::string_view("MZ\0\0zimg", 8));
    bytes.resize(24);
    auto with = [&](std::string_view name) {
        auto file = bytes;
        std::ranges::copy(bytes_of(name), std::back_inserter(file));
        file.resize(64);
        return of(file);
    };
    CHECK(with("gzip") == "an EFI zboot image (gzip)");
    CHECK(with("\x1b[2J") == "an EFI zboot image");
    CHECK(with(std::string(40, 'x')) == "an EFI zboot image");
    CHECK(of(bytes) == "an EFI zboot image");
}

TEST_CASE("a multiboot2 header needs its checksum") {
    const std::string_view header("\xd6\x50\x52\xe8\0\0\0\0\x10\0\0\0\x1a\xaf\xad\x17", 16);
    CHECK(of_text_at(64, header) == "a multiboot2 kernel");
    CHECK(of_text_at(60, header) == "data in no known format");
    CHECK(of_text_at(64, header.substr(0, 15)) == "data in no known format");
}

TEST_CASE("only the first 64 KiB of a file are looked at") {
    CHECK(of_text(std::string(0x10000, '\0')) == "nothing but zeros");
    CHECK(of_text(std::string(0x10000, '\0') + "x") == "zeros, as far as the first 64 KiB tell");
}
