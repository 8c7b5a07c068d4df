// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/kho_view.h"

#include "kexec/machine/kho.h"

#include <algorithm>
#include <span>

namespace kx {
namespace {

ByteView view_of(std::string_view bytes) {
    return ByteView(std::as_bytes(std::span(bytes)));
}

// Of a node whose content is known by its name.
Result<> decode(KhoNodeView& node, ByteView content) {
    if (node.name == kho_blobs::memblock)
        node.content = KX_TRY(parse_kho_memblock(content));
    else if (node.name == kho_blobs::kexec_metadata)
        node.content = KX_TRY(parse_kexec_metadata(content));
    else if (node.name == kho_blobs::live_update)
        node.content = KX_TRY(parse_kho_live_update(content));
    return {};
}

Result<> take_blob(KhoNodeView& node, const KhoBlobFile& blob) {
    const std::string content = KX_TRY(Result<std::string>(blob.content));
    if (node.size && *node.size != content.size())
        return fail(Errc::malformed, "{}: has {} bytes, and the tree says {}", node.file, content.size(), *node.size);
    node.size = content.size();
    return within(node.file, decode(node, view_of(content)));
}

std::vector<KhoNodeView> nodes_of(const KhoTree& tree) {
    std::vector<KhoNodeView> nodes;
    for (const KhoNode& node : tree.nodes)
        nodes.push_back(
            {.name = node.name, .address = node.address, .size = node.size, .file = {}, .content = {}, .problem = {}});
    return nodes;
}

KhoTreeView view_direction(const SystemFiles& files, const KhoDirection& direction, Notices& notices) {
    KhoTreeView view{.file = files.display(direction.tree_path),
                     .tree = {},
                     .problem = {},
                     .nodes = {},
                     .preserved = {},
                     .preserved_problem = {}};
    auto tree = direction.tree ? within(view.file, parse_kho_tree(view_of(*direction.tree)))
                               : Result<KhoTree>(std::unexpected(direction.tree.error()));
    if (tree) {
        view.nodes = nodes_of(*tree);
        view.tree = *std::move(tree);
    } else {
        view.problem = tree.error().message;
        if (tree.error().code != Errc::not_found)
            notices.add("{}", view.problem);
    }
    for (const KhoBlobFile& blob : direction.blobs) {
        auto node = std::ranges::find(view.nodes, blob.name, &KhoNodeView::name);
        if (node == view.nodes.end())
            node = view.nodes.insert(
                node, {.name = blob.name, .address = {}, .size = {}, .file = {}, .content = {}, .problem = {}});
        node->file = files.display(blob.path);
        if (const auto taken = take_blob(*node, blob); !taken) {
            node->problem = taken.error().message;
            notices.add("{}", node->problem);
        }
    }
    return view;
}

// The map that `out` names is kept up to date, or, on kernels that put it together at one moment, final.
void add_preserved(const SystemFiles& files, KhoTreeView& out, std::uint64_t page_size) {
    if (!out.tree || out.tree->memory_map.value_or(0) == 0)
        return;
    const PhysicalReader read = [&](std::uint64_t address, std::uint64_t size) -> Result<std::vector<std::byte>> {
        const std::string piece = KX_TRY(files.read_memory(address, size));
        const auto bytes = view_of(piece).bytes();
        return std::vector<std::byte>(bytes.begin(), bytes.end());
    };
    auto preserved = decode_preserved_memory(*out.tree->layout, *out.tree->memory_map, page_size, read);
    if (preserved)
        out.preserved = *std::move(preserved);
    else
        out.preserved_problem = preserved.error().message;
}

} // namespace

KhoView view_kho(const SystemFiles& files, std::uint64_t page_size, Notices& notices) {
    KhoView view;
    auto found = read_kho(files);
    if (!found) {
        view.reason = found.error().message;
        return view;
    }
    view.on = true;
    if (found->scratch)
        view.scratch = *found->scratch;
    else
        view.scratch_problem = found->scratch.error().message;
    if (found->in) {
        view.in = view_direction(files, *found->in, notices);
        if (view.in->tree && view.in->tree->memory_map.value_or(0) != 0)
            view.in->preserved_problem = "the running kernel took the memory over, and its map is gone";
    }
    if (found->out) {
        view.out = view_direction(files, *found->out, notices);
        if (!view.out->tree && found->finalized == false)
            view.out->problem = fmt::format("nothing is put together for the next kernel: {} is 0",
                                            files.display("sys/kernel/debug/kho/out/finalize"));
        add_preserved(files, *view.out, page_size);
    }
    return view;
}

Result<KhoView> view_kho_file(const std::string& shown, ByteView content) {
    KhoTreeView tree{.file = shown,
                     .tree = KX_TRY(within(shown, parse_kho_tree(content))),
                     .problem = {},
                     .nodes = {},
                     .preserved = {},
                     .preserved_problem = "a file holds the tree alone"};
    tree.nodes = nodes_of(*tree.tree);
    KhoView view;
    view.file = std::move(tree);
    return view;
}

} // namespace kx
