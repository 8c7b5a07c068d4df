// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/kho/blobs.h"

#include "include/layout/kho.h"
#include "kexec/core/terminal_text.h"
#include "kexec/image/kho/tree.h"

#include <cstring>

namespace kx {
namespace {

// A text of at most `room` bytes, whether or not a NUL ends it.
std::string text_in(const char* text, std::size_t room) {
    return std::string(text, strnlen(text, room));
}

Result<> expect_compatible(const DeviceTreeNode& node, std::string_view expected) {
    const std::string found = KX_TRY(node.string("compatible"));
    if (found != expected)
        return fail(Errc::unsupported, "node \"/{}\": compatible is \"{}\", and \"{}\" is known", node.name,
                    printable(found), expected);
    return {};
}

// "luo-v1" has all in the tree, "luo-v2" the address of a structure.
Result<KhoLiveUpdate> live_update_in_tree(ByteView blob) {
    const DeviceTreeNode root = KX_TRY(parse_device_tree(blob));
    KhoLiveUpdate found{.compatible = KX_TRY(root.string("compatible")), .number = {}, .sessions = {}, .objects = {}};
    if (!found.compatible.starts_with("luo-v"))
        return fail(Errc::unsupported, "compatible is \"{}\", and \"luo-v1\" or later is expected",
                    printable(found.compatible));
    if (root.property("liveupdate-number"))
        found.number = KX_TRY(kho_u64(root, "liveupdate-number"));
    if (const DeviceTreeNode* sessions = root.child("luo-session");
        sessions && sessions->property("luo-session-header"))
        found.sessions = KX_TRY(kho_u64(*sessions, "luo-session-header"));
    if (const DeviceTreeNode* objects = root.child("luo-flb"); objects && objects->property("luo-flb-header"))
        found.objects = KX_TRY(kho_u64(*objects, "luo-flb-header"));
    return found;
}

} // namespace

Result<std::vector<KhoReservedMemory>> parse_kho_memblock(ByteView blob) {
    const DeviceTreeNode root = KX_TRY(parse_device_tree(blob));
    KX_TRY(expect_compatible(root, "memblock-v1"));
    std::vector<KhoReservedMemory> found;
    for (const DeviceTreeNode& child : root.children) {
        KX_TRY(expect_compatible(child, "reserve-mem-v1"));
        const std::uint64_t begin = KX_TRY(kho_u64(child, "start"));
        const std::uint64_t size = KX_TRY(kho_u64(child, "size"));
        const auto range = PhysRange::at(begin, size);
        if (!range)
            return fail(Errc::malformed, "node {}: {:#x} bytes at {:#x} are no range of memory", child.name, size,
                        begin);
        found.push_back({child.name, *range});
    }
    return found;
}

Result<KhoKexecMetadata> parse_kexec_metadata(ByteView blob) {
    const std::uint32_t version = KX_TRY(blob.read<le32>(0));
    if (version != layout::kexec_metadata_version)
        return fail(Errc::unsupported, "version {} at {:#x}, and {} is known", version, blob.origin(),
                    layout::kexec_metadata_version);
    const auto content = KX_TRY(blob.read<layout::KexecMetadata>(0));
    return KhoKexecMetadata{text_in(content.previous_release, sizeof(content.previous_release)), content.count};
}

Result<KhoLiveUpdate> parse_kho_live_update(ByteView blob) {
    if (is_device_tree(blob))
        return live_update_in_tree(blob);
    const auto content = KX_TRY(blob.read<layout::LiveUpdate>(0));
    std::string compatible = text_in(content.compatible, sizeof(content.compatible));
    if (!compatible.starts_with("luo-v") || compatible.size() == sizeof(content.compatible))
        return fail(Errc::unsupported, "at {:#x} stands \"{}\", and \"luo-v3\" or later is expected", blob.origin(),
                    printable(compatible));
    return KhoLiveUpdate{std::move(compatible), content.number, content.sessions, content.objects};
}

} // namespace kx
