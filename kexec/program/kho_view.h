// SPDX-License-Identifier: GPL-2.0-or-later
// What kexec handover (KHO) hands in and out, decoded, as text and as JSON (kexec-kho-1). What cannot be decoded has
// its reason beside it, and the rest is shown all the same.
#pragma once

#include "kexec/core/notices.h"
#include "kexec/image/kho/blobs.h"
#include "kexec/image/kho/preserved_memory.h"
#include "kexec/image/kho/tree.h"
#include "kexec/machine/system_files.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kx {

struct KhoNodeView {
    std::string name;
    std::optional<std::uint64_t> address, size; // physical; in bytes
    std::string file;                           // that holds the blob, as messages show it; empty: none
    std::variant<std::monostate, std::vector<KhoReservedMemory>, KhoKexecMetadata, KhoLiveUpdate> content;
    std::string problem; // why it could not be decoded
};

struct KhoTreeView {
    std::string file;
    std::optional<KhoTree> tree;
    std::string problem; // why there is no tree
    std::vector<KhoNodeView> nodes;
    std::optional<PreservedMemory> preserved;
    std::string preserved_problem; // why there is none
};

struct KhoView {
    bool on = false;
    std::string reason; // why it is not on
    std::optional<std::vector<PhysRange>> scratch;
    std::string scratch_problem;
    std::optional<KhoTreeView> in, out, file;
};

// Of the machine. `page_size` is that of the running kernel. Notes what is damaged.
KhoView view_kho(const SystemFiles& files, std::uint64_t page_size, Notices& notices);
// Of one file that holds a root tree. Errors of parse_kho_tree.
Result<KhoView> view_kho_file(const std::string& shown, ByteView content);

std::string text_of(const KhoView& view);
std::string json_of(const KhoView& view);

} // namespace kx
