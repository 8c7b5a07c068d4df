// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/bzimage.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"

using namespace kx;
using namespace kx::test;

namespace {

// The refusal's message, and its code checked on the way.
std::string refusal(const BzimageBuilder& builder, Errc code) {
    const auto file = builder.build();
    const auto image = parse_bzimage(as_view(file));
    REQUIRE_FALSE(image);
    CHECK(image.error().code == code);
    return image.error().message;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("a bzImage tells what its load needs") {
    const auto file = BzimageBuilder{}
                          .alignment(0x400000)
                          .pref_address(0x2000000)
                          .init_size(0x3000000)
                          .cmdline_size(4095)
                          .initrd_address_max(0x37ffffff)
                          .payload(bytes_of("0123456789"))
                          .setup_sects(2)
                          .build();
    const auto image = parse_bzimage(as_view(file));
    REQUIRE(image);
    CHECK(image->version == 0x20f);
    CHECK(image->relocatable);
    CHECK(image->above_4g);
    CHECK(image->five_level);
    CHECK(image->alignment == 0x400000);
    CHECK(image->pref_address == 0x2000000);
    CHECK(image->init_size == 0x3000000);
    CHECK(image->cmdline_size == 4095);
    CHECK(image->initrd_address_max == 0x37ffffff);
    CHECK(image->kernel_version == "6.1.0-test (builder) #1 SMP");
    CHECK(image->setup_type_max == 10u);
    CHECK(image->setup_header.size() == 0x26c - 0x1f1);
    CHECK(image->setup_header.origin() == 0x1f1);
    CHECK(image->protected_mode.origin() == 3 * 512);
    CHECK(image->protected_mode.size() == file.size() - 3 * 512);
    const auto payload = compressed_payload(*image);
    REQUIRE(payload);
    CHECK(payload->size() == 10);
    CHECK(payload->has(0, "0123456789"));
}

TEST_CASE("setup_sects 0 stands for 4") {
    const auto file = BzimageBuilder{}.setup_sects(0).build();
    const auto image = parse_bzimage(as_view(file));
    REQUIRE(image);
    CHECK(image->protected_mode.origin() == 5 * 512);
}

TEST_CASE("flags that are off read as off") {
    const auto file = BzimageBuilder{}.xloadflags(layout::xlf_kernel_64).relocatable(false).build();
    const auto image = parse_bzimage(as_view(file));
    REQUIRE(image);
    CHECK_FALSE(image->above_4g);
    CHECK_FALSE(image->five_level);
    CHECK_FALSE(image->relocatable);
}

TEST_CASE("an older, shorter setup header reads as zero past its end") {
    const auto file = BzimageBuilder{}.version(0x20c).setup_type_max({}).header_end(0x264).build();
    auto longer = file;
    longer[0x264] = longer[0x268] = std::byte{0xff}; // code, where a newer header has fields
    const auto image = parse_bzimage(as_view(longer));
    REQUIRE(image);
    CHECK(image->setup_header.size() == 0x264 - 0x1f1);
    CHECK(image->header.handover_offset == 0);
    CHECK(image->header.kernel_info_offset == 0);
    CHECK_FALSE(image->setup_type_max);
}

TEST_CASE("a newer, longer setup header is kept whole as raw bytes") {
    auto file = BzimageBuilder{}.header_end(0x280).build();
    file[0x27f] = std::byte{0x5a};
    const auto image = parse_bzimage(as_view(file));
    REQUIRE(image);
    CHECK(image->setup_header.size() == 0x280 - 0x1f1);
    CHECK(image->setup_header.bytes().back() == std::byte{0x5a});
}

TEST_CASE("what is signed or padded is longer than its header says, and what was appended is no kernel") {
    const auto plain = BzimageBuilder{}.build();
    const auto size = static_cast<std::uint32_t>(plain.size() - 5 * 512);
    const auto file = BzimageBuilder{}.init_size(size).trailer(std::vector<std::byte>(1000)).build();
    const auto image = parse_bzimage(as_view(file));
    REQUIRE(image);
    CHECK(image->protected_mode.origin() == 5 * 512);
    CHECK(image->protected_mode.size() == size);
    CHECK(image->protected_mode.size() == image->header.syssize * 16u);
    CHECK(image->kernel_version == "6.1.0-test (builder) #1 SMP");

    const auto into_trailer =
        BzimageBuilder{}.payload(bytes_of("16 bytes of data")).trailer(std::vector<std::byte>(1000)).patch([](auto& h) {
            h.payload_length = h.syssize * 16 - h.payload_offset + 1;
        });
    CHECK(contains(refusal(into_trailer, Errc::malformed), "payload_length"));
}

TEST_CASE("the magics alone decide whether it is a bzImage") {
    const auto file = BzimageBuilder{}.version(0).build();
    CHECK(is_bzimage(as_view(file)));
    CHECK_FALSE(is_bzimage(ByteView(std::span(file).first(0x205))));
    CHECK(is_bzimage(ByteView(std::span(file).first(0x206))));
    CHECK_FALSE(is_bzimage({}));

    auto no_boot_flag = file;
    no_boot_flag[0x1fe] = std::byte{0};
    CHECK_FALSE(is_bzimage(as_view(no_boot_flag)));
    const auto refused = parse_bzimage(as_view(no_boot_flag));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::not_this_format);
}

TEST_CASE("kernels without a 64-bit entry are unsupported, in a sentence") {
    CHECK(contains(refusal(BzimageBuilder{}.version(0x20b), Errc::unsupported), "boot protocol 2.11 "));
    CHECK(contains(refusal(BzimageBuilder{}.version(0x20b).header_end(0x230), Errc::unsupported), "2.11"));
    CHECK(contains(refusal(BzimageBuilder{}.xloadflags(layout::xlf_above_4g), Errc::unsupported), "xloadflags 0x2"));
    CHECK(contains(refusal(BzimageBuilder{}.loadflags(0), Errc::unsupported), "loadflags 0x0"));
}

TEST_CASE("a refusal names the field and its value") {
    CHECK(contains(refusal(BzimageBuilder{}.alignment(0x300000), Errc::malformed), "kernel_alignment 0x300000"));
    CHECK(contains(refusal(BzimageBuilder{}.alignment(0), Errc::malformed), "kernel_alignment 0x0"));
    CHECK(contains(refusal(BzimageBuilder{}.init_size(0), Errc::malformed), "init_size 0x0"));
    CHECK(contains(refusal(BzimageBuilder{}.pref_address(UINT64_MAX - 0xfff), Errc::malformed),
                   "pref_address 0xfffffffffffff000"));
    CHECK(contains(refusal(BzimageBuilder{}.header_end(0x260), Errc::malformed), "ends at 0x260"));
    CHECK(contains(refusal(BzimageBuilder{}.header_end(0x291), Errc::malformed), "ends at 0x291"));
    CHECK(contains(refusal(BzimageBuilder{}.patch([](auto& h) { h.setup_sects = 200; }), Errc::malformed),
                   "setup_sects 200"));
    CHECK(contains(refusal(BzimageBuilder{}.patch([](auto& h) { h.syssize = 0xffffffffu; }), Errc::malformed),
                   "syssize says 0xffffffff0 bytes"));
    CHECK(contains(refusal(BzimageBuilder{}.patch([](auto& h) { h.payload_offset = 0xffffffffu; }), Errc::malformed),
                   "payload_offset 0xffffffff"));
    CHECK(contains(refusal(BzimageBuilder{}.patch([](auto& h) { h.payload_length = 0xffffffffu; }), Errc::malformed),
                   "payload_length 0xffffffff"));
    CHECK(contains(refusal(BzimageBuilder{}.patch([](auto& h) { h.syssize = 0x20u; }), Errc::malformed),
                   "syssize: 0x200 bytes"));
}

TEST_CASE("a kernel_info that makes no sense tells no setup_type_max and refuses no kernel") {
    const auto in_trailer = BzimageBuilder{}.trailer(bytes_of("LToP 16 bytes long")).build();
    for (const std::uint32_t offset : {8u, 0xffffffffu, static_cast<std::uint32_t>(in_trailer.size() - 5 * 512 - 18)}) {
        const auto file = BzimageBuilder{}
                              .trailer(bytes_of("LToP 16 bytes long"))
                              .patch([=](auto& h) { h.kernel_info_offset = offset; })
                              .build();
        const auto image = parse_bzimage(as_view(file));
        INFO("kernel_info_offset " << offset);
        REQUIRE(image);
        CHECK_FALSE(image->setup_type_max);
    }
}

TEST_CASE("init_size must hold the kernel, to the byte") {
    const auto size = static_cast<std::uint32_t>(BzimageBuilder{}.payload_size(0x8000).protected_mode_size());
    CHECK(parse_bzimage(as_view(BzimageBuilder{}.payload_size(0x8000).init_size(size).build())));
    CHECK(contains(refusal(BzimageBuilder{}.payload_size(0x8000).init_size(size - 1), Errc::malformed), "init_size"));
}

TEST_CASE("a bzImage cut anywhere is refused, never read past its end") {
    const auto file = BzimageBuilder{}.build();
    for (std::size_t size = 0; size < file.size(); ++size) {
        const std::vector<std::byte> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        INFO("cut to " << size);
        REQUIRE_FALSE(parse_bzimage(as_view(cut)));
    }
}

TEST_CASE("cmdline_size 0 stands for the protocol's old limit") {
    const auto file = BzimageBuilder{}.cmdline_size(0).build();
    CHECK(parse_bzimage(as_view(file))->cmdline_size == 255);
}

TEST_CASE("a version text that is nowhere, endless or unprintable reads as none") {
    const auto version_of = [](const std::vector<std::byte>& file) {
        const auto image = parse_bzimage(as_view(file));
        REQUIRE(image);
        return image->kernel_version;
    };
    CHECK(version_of(BzimageBuilder{}.kernel_version("").build()) == "");
    CHECK(version_of(BzimageBuilder{}.patch([](auto& h) { h.kernel_version = 0xfff0; }).build()) == "");
    CHECK(version_of(BzimageBuilder{}.kernel_version("6.1\x1b[2J").build()) == "");
    CHECK(version_of(BzimageBuilder{}.kernel_version(std::string(300, 'x')).build()) == "");
}

TEST_CASE("a bzImage without a payload says so") {
    const auto file = BzimageBuilder{}.payload({}).build();
    const auto image = parse_bzimage(as_view(file));
    REQUIRE(image);
    const auto payload = compressed_payload(*image);
    REQUIRE_FALSE(payload);
    CHECK(payload.error().code == Errc::not_found);
}
