// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/kho/blobs.h"
#include "kexec/image/kho/tree.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/kho/kho_builder.h"

using namespace kx;
using namespace kx::test;
using namespace std::string_view_literals;

namespace {

Error refused(const std::vector<std::byte>& blob, std::uint64_t origin = 0) {
    const auto tree = parse_kho_tree(ByteView(blob, origin));
    REQUIRE(!tree);
    return tree.error();
}

bool says(const Error& error, std::string_view words) {
    return error.message.find(words) != std::string::npos;
}

DeviceTreeBuilder begun(std::string_view compatible) {
    DeviceTreeBuilder tree;
    tree.begin("").property("compatible", compatible);
    return tree;
}

} // namespace

TEST_CASE("each version of the tree is read by its own layout") {
    for (const unsigned version : {1u, 2u, 3u, 4u}) {
        INFO(version);
        const auto blob = kho_tree(version, 0x7f000000, {{"memblock", 0x1000, 512}, {"LUO", 0x2000, 32}});
        const auto tree = parse_kho_tree(ByteView(blob));
        REQUIRE(tree);
        CHECK(tree->layout->version == version);
        CHECK(tree->layout->radix_tree == (version > 1));
        CHECK(tree->size == blob.size());
        CHECK(tree->memory_map == 0x7f000000);
        const auto size = [&](std::uint64_t bytes) {
            return version > 2 ? std::optional<std::uint64_t>(bytes) : std::nullopt;
        };
        CHECK(tree->nodes == std::vector<KhoNode>{{"memblock", 0x1000, size(512)}, {"LUO", 0x2000, size(32)}});
    }
}

TEST_CASE("a tree without a map and without nodes hands nothing over") {
    const auto blob = begun("kho-v4\0"sv).end().build();
    const auto tree = parse_kho_tree(ByteView(blob));
    REQUIRE(tree);
    CHECK(!tree->memory_map);
    CHECK(tree->nodes.empty());
}

TEST_CASE("versions that are not known are refused by name") {
    for (const unsigned version : {0u, 5u, 100u})
        CHECK(says(refused(kho_tree(version, 0)), fmt::format("\"kho-v{}\": kho-v1 to kho-v4 are known", version)));
    const Error huge = refused(begun("kho-v4294967297\0"sv).end().build());
    CHECK((huge.code == Errc::unsupported && says(huge, "\"kho-v4294967297\"")));
    CHECK(says(refused(begun("kho-v\0"sv).end().build()), "\"kho-v\": kho-v1 to kho-v4 are known"));
    CHECK(says(refused(begun("acme,board\0"sv).end().build()), "no tree of kexec handover"));
    CHECK(says(refused(begun("a\x1b[31m\0"sv).end().build()), "a\\x1b[31m"));
    const Error instance = refused(begun("multikernel-v1\0"sv).end().build());
    CHECK((instance.code == Errc::unsupported && says(instance, "--show-handover")));
    CHECK(says(refused(DeviceTreeBuilder().begin("").end().build()), "compatible"));
}

TEST_CASE("a tree that was cut short says where and by how much") {
    const auto whole = kho_tree(4, 0x1000, {{"LUO", 0x2000, 32}});
    for (std::size_t size = 8; size < whole.size(); ++size) {
        const Error error = refused({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}, 0x40);
        CHECK(error.code == Errc::malformed);
        CHECK(says(error,
                   fmt::format("cut short: its header at 0x40 says {} bytes, and {} are there", whole.size(), size)));
    }
    CHECK(refused({}).code == Errc::not_this_format);
    CHECK(refused({whole.begin(), whole.begin() + 7}).code == Errc::malformed);
}

TEST_CASE("nodes and properties of another shape are refused by name") {
    CHECK(says(refused(begun("kho-v4\0"sv).property("preserved-memory-map", "\1\2\3\4"sv).end().build()),
               "the root: preserved-memory-map has 4 bytes, and must have 8"));
    const auto node = [](std::string_view compatible, auto fill) {
        DeviceTreeBuilder tree = begun(compatible);
        tree.begin("LUO");
        fill(tree);
        return tree.end().end().build();
    };
    CHECK(says(refused(node("kho-v2\0"sv, [](auto& tree) { tree.property("fdt", native(0x1000)); })),
               "node LUO: the property preserved-data is missing"));
    CHECK(says(refused(node("kho-v1\0"sv, [](auto& tree) { tree.property("preserved-data", native(0x1000)); })),
               "node LUO: the property fdt is missing"));
    CHECK(says(refused(node("kho-v3\0"sv, [](auto& tree) { tree.property("preserved-data", native(0x1000)); })),
               "node LUO: the property blob-size is missing"));
    CHECK(says(refused(kho_tree(4, 0, {{"LUO", 0, 32}})), "node LUO: preserved-data is 0"));
    CHECK(says(refused(kho_tree(4, 0, {{"LUO", UINT64_MAX - 30, 32}})), "run past the end of memory"));
}

TEST_CASE("memblock: what reserve_mem= reserved") {
    const auto blob = memblock_tree({{"log", 0x10000000, 0x100000}, {"trace", 0x20000000, 0x1000}});
    const auto memory = parse_kho_memblock(ByteView(blob));
    REQUIRE(memory);
    CHECK(*memory ==
          std::vector<KhoReservedMemory>{{"log", {0x10000000, 0x10100000}}, {"trace", {0x20000000, 0x20001000}}});
    CHECK(says(parse_kho_memblock(ByteView(memblock_tree({{"log", 0x1000, 0}}))).error(), "node log: 0x0 bytes at"));
    CHECK(says(parse_kho_memblock(ByteView(memblock_tree({{"log", UINT64_MAX, 2}}))).error(), "no range of memory"));
    CHECK(says(parse_kho_memblock(ByteView(kho_tree(1, 0))).error(), "\"kho-v1\", and \"memblock-v1\" is known"));
    CHECK(parse_kho_memblock(ByteView()).error().code == Errc::not_this_format);
}

TEST_CASE("kexec-metadata: which kernel, and how often") {
    const auto blob = kexec_metadata("7.2.6-test", 3);
    const auto metadata = parse_kexec_metadata(ByteView(blob));
    REQUIRE(metadata);
    CHECK((metadata->previous_release == "7.2.6-test" && metadata->count == 3));
    const auto unended = kexec_metadata(std::string(65, 'x'), 1);
    CHECK(parse_kexec_metadata(ByteView(unended))->previous_release == std::string(65, 'x'));
    const auto newer = kexec_metadata("8.0", 1, 2);
    CHECK(parse_kexec_metadata(ByteView(newer)).error().code == Errc::unsupported);
    CHECK(parse_kexec_metadata(ByteView(blob).slice(0, 72).value()).error().code == Errc::malformed);
    CHECK(!parse_kexec_metadata(ByteView()));
}

TEST_CASE("LUO: a tree up to luo-v2, a structure later") {
    DeviceTreeBuilder first = begun("luo-v1\0"sv);
    first.property("liveupdate-number", native(7)).begin("luo-session").property("luo-session-header", native(0x3000));
    const auto tree = first.end().end().build();
    const auto v1 = parse_kho_live_update(ByteView(tree));
    REQUIRE(v1);
    CHECK((v1->compatible == "luo-v1" && v1->number == 7 && v1->sessions == 0x3000 && !v1->objects));
    const auto second = begun("luo-v2\0"sv).property("luo-abi-header", native(0x5000)).end().build();
    CHECK(!parse_kho_live_update(ByteView(second))->number);

    const auto blob = live_update("luo-v5", 2, 0x4000);
    const auto v5 = parse_kho_live_update(ByteView(blob));
    REQUIRE(v5);
    CHECK((v5->compatible == "luo-v5" && v5->number == 2 && v5->sessions == 0x4000 && v5->objects == 0));
    CHECK(parse_kho_live_update(ByteView(blob).slice(0, 31).value()).error().code == Errc::malformed);
    const auto other = live_update("other", 2, 0);
    CHECK(parse_kho_live_update(ByteView(other)).error().code == Errc::unsupported);
    const auto longer = live_update("luo-v123", 2, 0); // without a NUL the structure has another shape
    CHECK(parse_kho_live_update(ByteView(longer)).error().code == Errc::unsupported);
    const auto no_luo = begun("kho-v1\0"sv).end().build();
    CHECK(parse_kho_live_update(ByteView(no_luo)).error().code == Errc::unsupported);
}
