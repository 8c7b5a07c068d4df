// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/unpack/unpack.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/kexec/image/unpack/pack.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

namespace {

using Content = std::vector<std::byte>;
constexpr std::uint64_t plenty = 64u << 20;

struct Packer {
    Compression compression;
    Content (*pack)(ByteView);
    bool has_checksum;
};

const Packer packers[] = {
    {Compression::gzip, gzip, true},   {Compression::zstd, [](ByteView content) { return zstd(content); }, true},
    {Compression::xz, xz, true},       {Compression::lzma, lzma, false},
    {Compression::lz4, lz4, true},     {Compression::lz4, lz4_legacy, false},
    {Compression::bzip2, bzip2, true},
};

// Neither all alike nor beyond compression.
Content sample(std::size_t size) {
    Content content(size);
    std::uint32_t state = 1;
    for (auto& byte : content) {
        state = state * 1664525u + 1013904223u;
        byte = static_cast<std::byte>((state >> 24) & 0x1f);
    }
    return content;
}

bool same(const Bytes& unpacked, const Content& content) {
    return std::ranges::equal(unpacked.view().bytes(), content);
}

Content joined(const Content& a, const Content& b) {
    Content both = a;
    both.insert(both.end(), b.begin(), b.end());
    return both;
}

} // namespace

TEST_CASE("what was packed comes out again") {
    for (const auto& packer : packers) {
        INFO(name_of(packer.compression));
        for (std::size_t size : {0u, 1u, 1000u, 300000u}) {
            INFO(size << " bytes");
            const auto content = sample(size);
            const auto packed = packer.pack(as_view(content));
            CHECK(compression_of(as_view(packed)) == packer.compression);
            const auto unpacked = unpack(as_view(packed), plenty);
            REQUIRE(unpacked);
            CHECK(same(*unpacked, content));
        }
    }
}

TEST_CASE("content that grows a thousandfold outgrows the first guess") {
    const Content zeros(8u << 20);
    for (const auto& packer : packers) {
        INFO(name_of(packer.compression));
        const auto unpacked = unpack(as_view(packer.pack(as_view(zeros))), plenty);
        REQUIRE(unpacked);
        CHECK(same(*unpacked, zeros));
    }
}

TEST_CASE("the limit holds to the byte") {
    for (std::size_t size : {std::size_t{1000}, std::size_t{1} << 20}) {
        const auto content = sample(size);
        for (const auto& packer : packers) {
            INFO(name_of(packer.compression) << ", " << size << " bytes");
            const auto packed = packer.pack(as_view(content));
            const auto fits = unpack(as_view(packed), size);
            REQUIRE(fits);
            CHECK(same(*fits, content));
            for (std::uint64_t limit : {std::uint64_t{size - 1}, std::uint64_t{0}}) {
                const auto refused = unpack(as_view(packed), limit);
                REQUIRE_FALSE(refused);
                CHECK(refused.error().code == Errc::unsupported);
                CHECK(refused.error().message.find("limit of") != std::string::npos);
            }
            CHECK(unpack(as_view(packed), UINT64_MAX));
        }
    }
}

TEST_CASE("a stream cut anywhere is refused, and the message says where it ends") {
    const auto content = sample(3000);
    for (const auto& packer : packers) {
        INFO(name_of(packer.compression));
        const auto packed = packer.pack(as_view(content));
        for (std::size_t size = 6; size < packed.size(); ++size) {
            INFO("cut to " << size << " of " << packed.size());
            const auto refused = unpack(ByteView(std::span(packed).first(size), 0x1000), plenty);
            REQUIRE_FALSE(refused);
            REQUIRE(refused.error().code == Errc::malformed);
            REQUIRE(refused.error().message.find(fmt::format("{:#x}", 0x1000 + size)) != std::string::npos);
            REQUIRE(refused.error().message.find("cut short") != std::string::npos);
        }
    }
}

TEST_CASE("a damaged checksum, and any damage to a checksummed content, is refused") {
    const auto content = sample(3000);
    for (const auto& packer : packers) {
        if (!packer.has_checksum)
            continue;
        INFO(name_of(packer.compression));
        const auto packed = packer.pack(as_view(content));
        for (std::size_t at = 12; at < packed.size(); at += 7) {
            INFO("byte " << at << " of " << packed.size());
            auto damaged = packed;
            damaged[at] ^= std::byte{0x10};
            const auto unpacked = unpack(as_view(damaged), plenty);
            // Some bits carry nothing (padding inside the stream): then the content is whole.
            if (unpacked)
                REQUIRE(same(*unpacked, content));
        }
    }
    auto gz = gzip(as_view(content));
    gz[gz.size() - 8] ^= std::byte{1};
    const auto refused = unpack(as_view(gz), plenty);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::malformed);
    CHECK(refused.error().message.find("incorrect data check") != std::string::npos);
}

TEST_CASE("a damaged zstd block is named by its offset") {
    Content content; // two raw blocks
    for (int i = 0; i < 2; ++i)
        std::ranges::copy(bytes_of(std::string_view("\x18\0\0abc", 6)), std::back_inserter(content));
    auto frame = joined(bytes_of(std::string_view("\x28\xb5\x2f\xfd\0\x58", 6)), content);
    std::ranges::copy(bytes_of(std::string_view("\x07\0\0x", 4)), std::back_inserter(frame)); // block type 3
    const auto refused = unpack(as_view(frame), plenty);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("zstd: after offset 0xf:") == 0);
}

TEST_CASE("concatenated members, frames and streams come out one after the other") {
    const auto first = sample(1000);
    const auto second = sample(2000);
    for (const auto& packer : packers) {
        if (packer.compression == Compression::lzma)
            continue; // has no such thing
        INFO(name_of(packer.compression));
        const auto unpacked =
            unpack(as_view(joined(packer.pack(as_view(first)), packer.pack(as_view(second)))), plenty);
        REQUIRE(unpacked);
        CHECK(same(*unpacked, joined(first, second)));

        auto cut = joined(packer.pack(as_view(first)), packer.pack(as_view(second)));
        cut.resize(cut.size() - 5);
        CHECK_FALSE(unpack(as_view(cut), plenty));
    }
}

TEST_CASE("zstd skippable frames and xz stream padding are stepped over") {
    const auto content = sample(1000);
    auto skippable = bytes_of(std::string_view("\x5e\x2a\x4d\x18\x03\0\0\0abc", 11));
    const auto z = joined(joined(zstd(as_view(content)), skippable), zstd(as_view(content)));
    auto unpacked = unpack(as_view(z), plenty);
    REQUIRE(unpacked);
    CHECK(same(*unpacked, joined(content, content)));

    const auto x = joined(joined(xz(as_view(content)), Content(8)), xz(as_view(content)));
    unpacked = unpack(as_view(x), plenty);
    REQUIRE(unpacked);
    CHECK(same(*unpacked, joined(content, content)));
}

TEST_CASE("what follows the stream is ignored: an appended size, a signature") {
    const auto content = sample(1000);
    for (const auto& packer : packers) {
        INFO(name_of(packer.compression));
        for (const auto& tail :
             {bytes_of(std::string_view("\xe8\x03\0\0", 4)), Content(3), bytes_of("~Module signature")}) {
            const auto unpacked = unpack(as_view(joined(packer.pack(as_view(content)), tail)), plenty);
            REQUIRE(unpacked);
            CHECK(same(*unpacked, content));
        }
    }
}

TEST_CASE("blocks of a legacy lz4 frame follow one another, and what ends them is told from a cut") {
    const auto content = sample((16u << 20) + 1000);
    const auto packed = lz4_legacy(as_view(content));
    auto told = packed;
    for (int shift : {0, 8, 16, 24})
        told.push_back(static_cast<std::byte>(content.size() >> shift));
    for (const auto& frame : {packed, told, joined(packed, Content(2))}) {
        const auto unpacked = unpack(as_view(frame), plenty);
        REQUIRE(unpacked);
        CHECK(same(*unpacked, content));
    }
    for (std::uint64_t limit : {std::uint64_t{8} << 20, content.size() - 1}) {
        const auto refused = unpack(as_view(packed), limit);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::unsupported);
    }
    for (const auto& tail : {bytes_of("x"), bytes_of(std::string_view("\xe7\x03\0\0", 4)),
                             bytes_of(std::string_view("\xe8\x03\0\0 more", 9))}) {
        const auto small = sample(1000);
        const auto refused = unpack(as_view(joined(lz4_legacy(as_view(small)), tail)), plenty);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message.find("cut short") != std::string::npos);
    }
}

TEST_CASE("lz4 frames of every kind follow one another") {
    const auto content = sample(1000);
    const auto skippable = bytes_of(std::string_view("\x5e\x2a\x4d\x18\x03\0\0\0abc", 11));
    const auto packed = joined(joined(lz4_legacy(as_view(content)), skippable),
                               joined(lz4(as_view(content)), lz4_legacy(as_view(content))));
    const auto unpacked = unpack(as_view(packed), plenty);
    REQUIRE(unpacked);
    CHECK(same(*unpacked, joined(joined(content, content), content)));
}

TEST_CASE("a damaged lz4 block is named by its offset") {
    auto packed = bytes_of(std::string_view("\x02\x21\x4c\x18\x02\0\0\0\x0f\xff", 10));
    auto refused = unpack(as_view(packed), plenty);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message == "lz4: in the block at offset 0x8: the data is damaged");
    packed[7] = std::byte{0x70};
    refused = unpack(as_view(packed), plenty);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("lz4: at offset 0x4: a block of 0x70000002 bytes") == 0);
}

TEST_CASE("lzo is refused by its name") {
    const auto lzop = bytes_of(std::string_view("\x89LZO\0\r\n\x1a\n", 9));
    CHECK(compression_of(as_view(lzop)) == Compression::lzo);
    const auto refused = unpack(as_view(lzop), plenty);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::unsupported);
    CHECK(refused.error().message.find("lzo: ") == 0);
    CHECK(refused.error().message.find("lzop -d") != std::string::npos);
}

TEST_CASE("bytes without a magic are not compressed") {
    for (std::string_view text : {"", "\x1f", "plain text", "BZ", "\x02\x21\x4c"}) {
        const auto bytes = bytes_of(text);
        CHECK(compression_of(as_view(bytes)) == Compression::none);
        const auto refused = unpack(as_view(bytes), plenty);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::not_this_format);
    }
    CHECK(name_of(Compression::none) == "none");
    CHECK(name_of(Compression::zstd) == "zstd");
}

TEST_CASE("a stream that asks for too much memory is unsupported, not tried") {
    // dictionary size 4 GiB - 1
    auto alone = lzma(as_view(sample(100)));
    for (std::size_t i = 1; i < 5; ++i)
        alone[i] = std::byte{0xff};
    alone[1] = alone[2] = std::byte{0}; // the magic; leaves 0xffff0000
    auto refused = unpack(as_view(alone), plenty);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("lzma: at offset") == 0);

    const auto wide = zstd(as_view(sample(100)), 28);
    refused = unpack(as_view(wide), plenty);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::unsupported);
    CHECK(refused.error().message.find("window") != std::string::npos);
    CHECK(unpack(as_view(zstd(as_view(sample(100)), 27)), plenty));
}

TEST_CASE("a kernel's file may unpack to what a kernel of its size has") {
    CHECK(unpacked_limit_of(785) == unpacked_kernel_floor);
    CHECK(unpacked_limit_of(1 << 20) == unpacked_kernel_ratio << 20);
    CHECK(unpacked_limit_of(std::uint64_t{1} << 40) == unpacked_kernel_limit);
    CHECK(unpacked_limit_of(UINT64_MAX) == unpacked_kernel_limit);
}

TEST_CASE("no compression makes much of a small file") {
    const std::vector<std::byte> zeros(unpacked_kernel_floor + 1);
    for (const auto& packer : packers) {
        INFO(name_of(packer.compression));
        auto packed = packer.pack(as_view(zeros));
        REQUIRE(packed.size() < unpacked_kernel_floor / unpacked_kernel_ratio);
        KernelUnpacker unpacker(packed.size());
        const auto refused = unpacker.unpack(as_view(packed));
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code == Errc::unsupported);
        CHECK(refused.error().message.find("more than 33554432 bytes") != std::string::npos);
        KernelUnpacker fits(packed.size());
        const auto whole = fits.unpack(as_view(packer.pack(ByteView(std::span(zeros).first(zeros.size() - 1)))));
        REQUIRE(whole);
        CHECK(fits.left() == 0);
    }
}

TEST_CASE("layers share one limit") {
    const std::vector<std::byte> zeros(20 << 20);
    KernelUnpacker unpacker(1000);
    const auto packed = bzip2(as_view(zeros));
    CHECK(unpacker.unpack(as_view(packed)));
    CHECK(unpacker.left() == unpacked_kernel_floor - zeros.size());
    CHECK_FALSE(unpacker.unpack(as_view(packed)));
    CHECK(unpacker.left() == 0);
}
