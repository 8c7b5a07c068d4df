// SPDX-License-Identifier: GPL-2.0-or-later
// What the user asked to be loaded, typed. Loaders see this, never argv.
#pragma once

#include "kexec/core/bytes.h"
#include "kexec/core/phys_range.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kx {

inline constexpr std::uint64_t kho_fdt_limit = 4096; // a page

struct InputFile {
    std::string path;
    Bytes bytes;
};

struct LoadRequest {
    InputFile kernel;
    std::optional<InputFile> initrd;
    std::optional<InputFile> device_tree;
    std::string command_line;
    std::string type;                       // --type: the only format to try, empty for all
    PhysRange memory_limits{0, UINT64_MAX}; // --mem-min, --mem-max
    bool without_efi = false;               // --noefi
    // For the next kernel's generator, fresh for each load; none where the running kernel has no randomness yet.
    std::optional<std::array<std::uint8_t, 32>> random_seed;
    // A flattened device tree for the next kernel's KHO (kexec handover), kho_fdt_limit bytes at most. A loader that
    // has no place for it refuses the load.
    std::optional<std::vector<std::byte>> kho_fdt;
};

} // namespace kx
