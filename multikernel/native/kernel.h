// SPDX-License-Identifier: GPL-2.0-or-later
// A kernel that is to be loaded for an instance of a multikernel kernel, looked at before anything is done: a load that
// breaks off breaks the instance.
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

struct SpawnKernel {
    Bytes elf;
    SpawnImage image;
    std::string version; // "6.1.0-50-cloud-amd64"; empty where neither header nor banner tells
};

// `file` in whatever form unpack_vmlinux() takes, with the note that the running kernel wants.
Result<SpawnKernel> read_spawn_kernel(const SystemFiles& files, const Bytes& file);

// Whether kernel and initrd (bytes; 0 for none) have room in memory in these pieces, rather too much than too little.
// Errc::no_room; `shown` is the instance, `more` is memory that it has and that counts for nothing here.
Result<> check_spawn_room(std::string_view shown, const SpawnImage& image, std::uint64_t initrd,
                          std::span<const PhysRange> memory, std::uint64_t more = 0);

// The memory of an instance that is not there yet: in one piece that begins badly.
std::vector<PhysRange> memory_to_come(std::uint64_t size);

} // namespace kx
