// SPDX-License-Identifier: GPL-2.0-or-later
// Where the running kernel sees its own image and RAM as a whole. Readers of a dump find both by the virtual addresses
// in its program headers.
#pragma once

#include "kexec/arch/architecture.h"
#include "kexec/core/notices.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <cstdint>
#include <optional>
#include <span>

namespace kx {

struct KernelMappings {
    std::optional<std::uint64_t> image;      // virtual address of the image's first byte
    std::uint64_t image_size = 0;            // bytes of it that are mapped, where proc/kcore tells; else 0
    std::optional<std::uint64_t> direct_map; // virtual address of physical 0, modulo 2^64
    friend bool operator==(const KernelMappings&, const KernelMappings&) = default;
};

// From the program headers of proc/kcore, and for the image from proc/kallsyms where they do not tell. What is hidden,
// or does not fit `ram` (physical, normalized), is left out and noted. `image` (physical): nothing where unknown.
KernelMappings read_kernel_mappings(const SystemFiles& files, const CrashArchitecture& architecture,
                                    std::span<const PhysRange> ram, std::optional<PhysRange> image, Notices& notices);

} // namespace kx
