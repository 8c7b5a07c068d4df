// SPDX-License-Identifier: GPL-2.0-or-later
// Where /proc/kcore has a physical address: an ELF64 file with a program header for each stretch of memory.
#pragma once

#include "include/layout/elf.h"
#include "kexec/machine/system_files.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace kx {

inline constexpr std::string_view kcore_path = "proc/kcore";

// The stretches, as the file has them: PT_LOAD. Behind the headers comes the memory itself, which is not read here.
// Errc::malformed for what is no kcore, errors of SystemFiles::read_head.
Result<std::vector<layout::Elf64<false>::ProgramHeader>> kcore_mappings(const SystemFiles& files);

// The file offset of `size` bytes at a physical address that lie in one stretch. Errc::not_found where none has them
// all, else errors of kcore_mappings.
Result<std::uint64_t> kcore_offset(const SystemFiles& files, std::uint64_t address, std::uint64_t size);

} // namespace kx
