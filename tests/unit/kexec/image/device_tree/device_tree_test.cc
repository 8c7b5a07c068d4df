// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/device_tree/device_tree.h"
#include "tests/unit/catch.h"
#include "tests/unit/kexec/image/bzimage_builder.h"
#include "tests/unit/kexec/image/device_tree/device_tree_builder.h"

using namespace kx;
using namespace kx::test;
using namespace std::literals;

namespace {

DeviceTreeNode instance_tree() {
    DeviceTreeNode root;
    root.set_string("compatible", "multikernel-v1");
    root.set_u32("id", 0x1ff);
    auto& resources = root.add("resources");
    const std::uint64_t cpus[] = {2, 0x100000000};
    resources.set_u64s("cpus", cpus);
    resources.set_u64("memory-base", 0x4a00a000);
    auto& memory = resources.add("memory@40000000");
    memory.set("empty", {});
    memory.set("mac", bytes_of("\x01\xfe\xff"));
    return root;
}

Error refusal(DeviceTreeBuilder& builder) {
    const auto file = builder.build();
    const auto root = parse_device_tree(as_view(file));
    REQUIRE_FALSE(root);
    return root.error();
}

void check_malformed(DeviceTreeBuilder& builder, std::string_view part) {
    const auto error = refusal(builder);
    CAPTURE(error.message, part);
    CHECK(error.code == Errc::malformed);
    CHECK(error.message.find(part) != std::string::npos);
}

} // namespace

TEST_CASE("a device tree that was written reads back the same, without slack") {
    const auto tree = instance_tree();
    const auto blob = device_tree_blob(tree);
    REQUIRE(blob);
    CHECK(is_device_tree(as_view(*blob)));
    CHECK(as_view(*blob).read<be32>(4) == blob->size());
    CHECK(as_view(*blob).read<be32>(20) == 17u);
    CHECK(parse_device_tree(as_view(*blob)) == tree);
    CHECK(parse_device_tree(as_view(*device_tree_blob(DeviceTreeNode{}))) == DeviceTreeNode{});
}

TEST_CASE("a device tree may be as large as its limit, and no larger") {
    const auto size = device_tree_blob(instance_tree())->size();
    CHECK(device_tree_blob(instance_tree(), size));
    const auto refused = device_tree_blob(instance_tree(), size - 1);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::no_room);
    CHECK(refused.error().message ==
          fmt::format("the device tree has {} bytes, and {} at most are possible", size, size - 1));
}

TEST_CASE("a device tree is read from any address, and what is behind it does not count") {
    const auto blob = *device_tree_blob(instance_tree());
    for (std::size_t shift = 0; shift < 8; ++shift) {
        std::vector<std::byte> moved(shift);
        moved.insert(moved.end(), blob.begin(), blob.end());
        moved.resize(moved.size() + 9, std::byte{0xff});
        CHECK(parse_device_tree(*as_view(moved).from(shift)) == instance_tree());
    }
}

TEST_CASE("no prefix of a device tree is one") {
    const auto blob = *device_tree_blob(instance_tree());
    for (std::size_t size = 0; size < blob.size(); ++size) {
        const auto root = parse_device_tree(ByteView(std::span(blob).first(size)));
        REQUIRE_FALSE(root);
        CHECK(root.error().code == (size < 4 ? Errc::not_this_format : Errc::malformed));
    }
}

TEST_CASE("nodes of a device tree are found by their paths") {
    const auto root = instance_tree();
    CHECK(root.at("/") == &root);
    CHECK(root.at("/resources") == root.child("resources"));
    REQUIRE(root.at("/resources/memory@40000000"));
    CHECK(root.at("/resources/memory@40000000")->name == "memory@40000000");
    for (const auto* path : {"", "resources", "/memory@40000000", "/resources/", "//resources", "/resources/x"})
        CHECK_FALSE(root.at(path));
}

TEST_CASE("a property reads as the type that its size allows") {
    auto root = instance_tree();
    const auto& resources = *root.child("resources");
    CHECK(root.string("compatible") == "multikernel-v1");
    CHECK(root.u32("id") == 0x1ffu);
    CHECK(resources.u64("memory-base") == 0x4a00a000u);
    CHECK(resources.u64s("cpus") == std::vector<std::uint64_t>{2, 0x100000000});
    CHECK(resources.u32s("cpus") == std::vector<std::uint32_t>{0, 2, 1, 0});
    CHECK(resources.at("/memory@40000000")->u64s("empty") == std::vector<std::uint64_t>{});

    CHECK(root.u32("memory-base").error().code == Errc::not_found);
    CHECK(root.u32("memory-base").error().message == "node / has no property memory-base");
    CHECK(resources.u32("memory-base").error().code == Errc::malformed);
    CHECK(resources.u32("memory-base").error().message ==
          "node resources, property memory-base: 8 bytes, not the 4 of one number");
    CHECK(root.u64("id").error().code == Errc::malformed);
    CHECK(root.u64s("id").error().code == Errc::malformed);
    CHECK(resources.at("/memory@40000000")->u32s("mac").error().code == Errc::malformed);
    for (const auto text : {""sv, "a"sv, "a\0b\0"sv, "a\0\0"sv}) {
        root.set("text", bytes_of(text));
        CHECK(root.string("text").error().code == Errc::malformed);
    }
    root.set_string("text", "");
    CHECK(root.string("text") == "");
}

TEST_CASE("setting a property again replaces it, where it stands") {
    auto root = instance_tree();
    root.set_string("compatible", "other");
    REQUIRE(root.properties.size() == 2);
    CHECK(root.properties[0].name == "compatible");
    CHECK(root.string("compatible") == "other");
    root.remove_property("compatible");
    root.remove_property("nothing");
    CHECK_FALSE(root.property("compatible"));
    CHECK(&root.child_or_new("resources") == root.child("resources"));
    CHECK(root.child_or_new("chosen").name == "chosen");
    CHECK(root.children.size() == 2);
}

TEST_CASE("what NOP tags stand for is not there") {
    DeviceTreeBuilder blob;
    blob.nop().begin("").nop().property("a", "b\0"sv).nop().begin("c").end().nop().end();
    const auto root = parse_device_tree(as_view(blob.build()));
    REQUIRE(root);
    CHECK(root->string("a") == "b");
    CHECK(root->child("c"));
}

TEST_CASE("a device tree's version is 16 or 17, or later and readable all the same") {
    const auto of_version = [](std::uint32_t version, std::uint32_t last_compatible) {
        DeviceTreeBuilder blob;
        blob.version = version;
        blob.last_compatible = last_compatible;
        return parse_device_tree(as_view(blob.begin("").end().build()));
    };
    CHECK(of_version(16, 16));
    CHECK(of_version(18, 17));
    CHECK(of_version(15, 15).error().code == Errc::unsupported);
    CHECK(of_version(18, 18).error().code == Errc::unsupported);
    CHECK(of_version(18, 18).error().message ==
          "a device tree of version 18, for readers of version 18 on: 16 and 17 are known");
}

TEST_CASE("a structure that breaks the format is refused with its offset") {
    DeviceTreeBuilder no_root, second_root, named_root, stray, not_ended, ends_twice, unknown, late, outside;
    no_root.finished = false;
    check_malformed(no_root, "");
    check_malformed(second_root.begin("").end().begin("").end(), "node at 0x44: a second root");
    check_malformed(named_root.begin("root").end(), "node at 0x38: the root has a name of 4 bytes");
    check_malformed(stray.property("a"), "property at 0x38: it is in no node");
    check_malformed(not_ended.begin("").begin("a"), "the structure block ends at 0x48 with 2 of 2 nodes open");
    check_malformed(ends_twice.begin("").end().end(), "end of a node at 0x44: none is open");
    check_malformed(unknown.begin("").cell(7), "structure block at 0x40");
    check_malformed(late.begin("").begin("a").end().property("b").end(), "property b at 0x4c: it is behind a child");
    check_malformed(outside.begin("").cell(3).cell(0).cell(999).end(), "property at 0x40");
    DeviceTreeBuilder wraps;
    check_malformed(wraps.begin("").property("a").cell(3).cell(0xffffffff).cell(0).end(),
                    "property at 0x4c: a value of 0xffffffff bytes");
    DeviceTreeBuilder empty;
    check_malformed(empty, "with 0 of 0 nodes open");
}

TEST_CASE("names that a device tree does not allow are refused") {
    for (const auto name : {"", "a b", "a/b", "a\n", "\xe4", "a*"}) {
        DeviceTreeBuilder node, property;
        check_malformed(node.begin("").begin(name).end().end(), "that device trees do not allow");
        check_malformed(property.begin("").property(name).end(), "that device trees do not allow");
    }
    DeviceTreeBuilder allowed;
    allowed.begin("").property("#mk,a.b_c+d-e?9").begin("a,b._+-@0,1").end().end();
    CHECK(parse_device_tree(as_view(allowed.build())));
    DeviceTreeBuilder at, question;
    check_malformed(at.begin("").property("a@0").end(), "do not allow");
    check_malformed(question.begin("").begin("a?").end().end(), "do not allow");
}

TEST_CASE("the same name twice in one node is refused") {
    DeviceTreeBuilder properties, nodes, apart;
    check_malformed(properties.begin("").begin("n").property("a").property("b").property("a").end().end(),
                    "node \"/n\", which ends at 0x6c: property a is there twice");
    check_malformed(nodes.begin("").begin("a").end().begin("b").end().begin("a").end().end(), "node a is there twice");
    apart.begin("").property("a").begin("a").property("a").begin("a").end().end().end();
    CHECK(parse_device_tree(as_view(apart.build())));
}

TEST_CASE("a device tree has 64 levels and 65536 nodes at most") {
    const auto deep = [](int levels) {
        DeviceTreeBuilder blob;
        blob.begin("");
        for (int level = 1; level < levels; ++level)
            blob.begin("n");
        for (int level = 0; level < levels; ++level)
            blob.end();
        return parse_device_tree(as_view(blob.build()));
    };
    CHECK(deep(64));
    CHECK(deep(65).error().code == Errc::malformed);
    const auto wide = [](int nodes) {
        DeviceTreeBuilder blob;
        blob.begin("");
        for (int node = 1; node < nodes; ++node)
            blob.begin(std::to_string(node)).end();
        return parse_device_tree(as_view(blob.end().build()));
    };
    CHECK(wide(65536));
    CHECK(wide(65537).error().code == Errc::malformed);
}

TEST_CASE("what is no device tree is not taken for one") {
    const auto text = bytes_of("#!/bin/sh, and some more so that it is as long as a header");
    CHECK_FALSE(is_device_tree(as_view(text)));
    CHECK(parse_device_tree(as_view(text)).error().code == Errc::not_this_format);
}

TEST_CASE("a device tree shows as source: strings, cells, bytes") {
    auto root = instance_tree();
    auto& values = root.add("values");
    values.set("list", bytes_of("a\0b \"\\\n\0"sv));
    values.set("one-nul", bytes_of("\0"sv));
    values.set("four-nuls", bytes_of("\0\0\0\0"sv));
    values.set("gap", bytes_of("ab\0\0c\0"sv));
    values.set("latin", bytes_of("\xe4\0"sv));
    CHECK(device_tree_source(root) == "/dts-v1/;\n"
                                      "\n"
                                      "/ {\n"
                                      "\tcompatible = \"multikernel-v1\";\n"
                                      "\tid = <0x1ff>;\n"
                                      "\n"
                                      "\tresources {\n"
                                      "\t\tcpus = <0x00 0x02 0x01 0x00>;\n"
                                      "\t\tmemory-base = <0x00 0x4a00a000>;\n"
                                      "\n"
                                      "\t\tmemory@40000000 {\n"
                                      "\t\t\tempty;\n"
                                      "\t\t\tmac = [01 fe ff];\n"
                                      "\t\t};\n"
                                      "\t};\n"
                                      "\n"
                                      "\tvalues {\n"
                                      "\t\tlist = \"a\", \"b \\\"\\\\\\n\";\n"
                                      "\t\tone-nul = [00];\n"
                                      "\t\tfour-nuls = <0x00>;\n"
                                      "\t\tgap = \"ab\", \"\", \"c\";\n"
                                      "\t\tlatin = [e4 00];\n"
                                      "\t};\n"
                                      "};\n");
}
