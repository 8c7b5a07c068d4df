// SPDX-License-Identifier: GPL-2.0-or-later
// A tree of kexec handover, and the blobs that its nodes name: what is accepted has a known version, addresses, and
// ranges that are ranges; a tree that is accepted is refused when it is cut.
#include "kexec/image/kho/blobs.h"
#include "kexec/image/kho/tree.h"
#include "tests/fuzz/invariant.h"

using namespace kx;
using namespace kx::test;

namespace {

void check_blobs(ByteView blob) {
    if (const auto memory = parse_kho_memblock(blob))
        for (const KhoReservedMemory& one : *memory)
            INVARIANT(!one.name.empty() && !one.range.empty());
    if (const auto metadata = parse_kexec_metadata(blob))
        INVARIANT(blob.size() >= 73 && metadata->previous_release.size() <= 65 &&
                  metadata->previous_release.find('\0') == std::string::npos);
    if (const auto update = parse_kho_live_update(blob))
        INVARIANT(update->compatible.starts_with("luo-v") && blob.size() >= 32);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto file = fuzz_input(data, size);
    check_blobs(file);
    const auto tree = parse_kho_tree(file);
    if (!tree) {
        INVARIANT(!tree.error().message.empty());
        INVARIANT((tree.error().code == Errc::not_this_format) == !is_device_tree(file));
        return 0;
    }
    INVARIANT(tree->layout == kho_layout(tree->layout->version) && tree->size <= size);
    for (const KhoNode& node : tree->nodes) {
        INVARIANT(!node.name.empty() && node.address != 0);
        INVARIANT(node.size.has_value() == tree->layout->blob_size);
        INVARIANT(!node.size || *node.size <= UINT64_MAX - node.address);
    }
    INVARIANT(parse_kho_tree(*file.slice(0, tree->size - 1)).error().code == Errc::malformed);
    return 0;
}
