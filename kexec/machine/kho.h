// SPDX-License-Identifier: GPL-2.0-or-later
// Kexec handover (KHO) as the running kernel shows it below debugfs: bytes and numbers, undecoded.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/capabilities.h"
#include "kexec/machine/kernel_config.h"
#include "kexec/machine/system_files.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

inline constexpr std::string_view kho_folder = "sys/kernel/debug/kho";

// What shows that it is on: its folder below debugfs, else the last kho= of the kernel's command line, read as the
// kernel reads it. Empty where it is off, or nothing tells.
std::string kho_is_on_by(const SystemFiles& files);

// A multikernel kernel with KHO on loads an instance without a word, and the instance's kernel panics early.
Result<> refuse_beside_kho(const SystemFiles& files);

// A file that one part of the kernel hands over.
struct KhoBlobFile {
    std::string name;
    std::string path;
    Result<std::string> content;
};

// `in` (handed to this kernel) or `out` (to be handed to the next).
struct KhoDirection {
    std::string tree_path;
    Result<std::string> tree; // flattened; Errc::not_found where the kernel shows none
    std::vector<KhoBlobFile> blobs;
};

struct KhoFiles {
    std::optional<KhoDirection> in, out; // nothing: the kernel shows no such folder
    // The memory that the next kernel starts in, and into which everything loaded is placed: physical, in the kernel's
    // order. Errc::not_found where the kernel shows none.
    Result<std::vector<PhysRange>> scratch;
    // Kernels 6.16 to 6.18: whether `out` was put together (out/finalize). Others do so as they go.
    std::optional<bool> finalized;
};

// Errc::not_found or denied, with what holds it up, where the folder is not there.
Result<KhoFiles> read_kho(const SystemFiles& files);

// The row of read_capabilities: on, or what holds a handover up and what to do about it.
Capability kho_capability(const SystemFiles& files, const KernelConfig& config);

} // namespace kx
