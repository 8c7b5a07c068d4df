// SPDX-License-Identifier: GPL-2.0-or-later
// Kernels for the instances of a multikernel kernel (x86-64). That kernel takes an ELF vmlinux by kexec_file_load(2)
// and copies it into the instance's memory: no decompressor runs. It accepts a bzImage, too, but starting one resets
// the machine. So this takes the vmlinux out of the bzImage.
#pragma once

#include "kexec/core/bytes.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/image/unpack/unpack.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kx {

// The ELF kernel in `kernel`: itself where it is one, else what a bzImage's payload (payload_offset, payload_length)
// unpacks to, or what any compression around either of them holds, at most wrapper_limit times over. An ELF that needs
// no unpacking shares `kernel`'s bytes.
//
// The payload of a relocatable kernel unpacks to the ELF and, appended to it by the build, its relocations; they are
// cut off at the end of the ELF (end_of).
//
// Errc::not_this_format where it is neither, naming what it looks like; what parse_bzimage, unpack and parse_elf
// refuse; Errc::malformed for a payload that unpacks to no ELF, or to another size than its last four bytes tell.
// All layers together unpack to at most `limit` bytes, and to what a file of this size may (unpacked_limit_of).
Result<Bytes> unpack_vmlinux(const Bytes& kernel, std::uint64_t limit = unpacked_kernel_limit);

// The ELF notes, of owner "Linux", by which a kernel tells where it is entered as an instance: of the public tree, and
// of another one. Their descriptor is the physical link address, 8 bytes.
inline constexpr std::uint32_t native_note = 0x4d4b;
inline constexpr std::uint32_t native_note_other = 0x4d4b0002;

// The kernel is loaded at a multiple of this, whatever its link address.
inline constexpr std::uint64_t native_alignment = std::uint64_t{2} << 20;

// Physical addresses, as linked; the kernel moves all of it together.
struct NativeImage {
    std::uint32_t note_type;
    std::uint64_t entry; // inside what one of the PT_LOADs takes from the file
    PhysRange memory;    // from the first PT_LOAD's p_paddr, which is the lowest, to the end of the highest
};

// Refuses what the kernel would refuse, because after a failed load an instance has to be removed, and what the kernel
// should refuse and does not. Takes an ELF64 for x86-64, ET_EXEC or ET_DYN; every PT_LOAD inside the file and none
// below the first, which begins at a multiple of native_alignment; a note with an entry in one of them. `note_type` is
// the type that the running kernel wants (native_note_of), where that is known; otherwise either type will do, and
// native_note is preferred.
//
// Errc::not_this_format where it is no ELF; Errc::unsupported, with what to do, for another machine's or a kernel
// without the note; Errc::malformed else.
Result<NativeImage> parse_native_image(ByteView elf, std::optional<std::uint32_t> note_type = std::nullopt);

// "6.1.0-50-cloud-amd64" of the banner that a kernel prints first ("Linux version …"), searched in the first 256 MiB of
// what each PT_LOAD takes from the file. Empty where there is none.
std::string vmlinux_version(ByteView elf);

// The type of note that a kernel with these notes (/sys/kernel/notes) has itself and wants of others; nullopt where it
// has none.
Result<std::optional<std::uint32_t>> native_note_of(ByteView notes);

} // namespace kx
