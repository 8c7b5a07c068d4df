// SPDX-License-Identifier: GPL-2.0-or-later
// Checks a kernel for an instance of a multikernel kernel before anything is done, because a load that fails half way
// breaks the instance.
#pragma once

#include "kexec/core/bytes.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/image/vmlinux.h"
#include "kexec/machine/system_files.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kx {

struct NativeKernel {
    Bytes elf;
    NativeImage image;
    std::string version; // "6.1.0-50-cloud-amd64"; empty where neither header nor banner tells
};

// `file` in whatever form unpack_vmlinux() takes, with the note that the running kernel wants.
Result<NativeKernel> read_native_kernel(const SystemFiles& files, const Bytes& file);

// Whether kernel and initrd (bytes; 0 for none) have room in these pieces of memory. If in doubt, refuses
// (Errc::no_room). `shown` is the instance; `more` is memory that it has and that the kernel does not use for images.
Result<> check_native_room(std::string_view shown, const NativeImage& image, std::uint64_t initrd,
                           std::span<const PhysRange> memory, std::uint64_t more = 0);

// The memory to assume for an instance that does not exist yet: one piece, at the worst possible address.
std::vector<PhysRange> memory_to_come(std::uint64_t size);

} // namespace kx
