// SPDX-License-Identifier: GPL-2.0-or-later
// Facts of an x86 bzImage that can be entered in 64-bit mode (Linux Documentation/arch/x86/boot.rst).
#pragma once

#include "include/layout/boot_params.h"
#include "kexec/core/byte_view.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kx {

// Views borrow the bytes that were parsed. Sizes in bytes, addresses physical.
struct Bzimage {
    layout::SetupHeader header; // zero past what the image has
    ByteView setup_header;      // the same as raw bytes, from file offset 0x1f1 up to at most 0x290: what boot_params
                                // gets at 0x1f1; longer than `header` where the kernel is newer than this program
    std::uint16_t version;      // of the protocol: 0x20f is 2.15; at least 2.12
    bool relocatable;           // may run at any multiple of `alignment`, else only at `pref_address`
    bool above_4g;              // kernel, boot_params, command line and initrd may lie above 4 GiB
    bool five_level;            // may be entered with five-level paging on
    std::uint64_t alignment;    // a power of two
    std::uint64_t pref_address; // pref_address + init_size does not wrap
    std::uint64_t init_size;    // memory the kernel needs from its load address on; holds `protected_mode`
    std::uint64_t cmdline_size; // longest command line, without its NUL
    std::uint64_t initrd_address_max; // highest address of an initrd's last byte, without `above_4g`
    ByteView protected_mode;          // what is loaded: syssize * 16 bytes from the end of the setup sectors on
    std::string kernel_version;       // printable, "" where the image tells none
    // The highest setup_data type it understands, SETUP_INDIRECT's bit taken off; from kernel_info (2.15).
    // Nothing where there is no such table, or one that makes no sense.
    std::optional<std::uint32_t> setup_type_max;
};

// The two magics only: 0xaa55 at 0x1fe and "HdrS" at 0x202.
bool is_bzimage(ByteView file);

// Errc::not_this_format without the magics; Errc::unsupported for a kernel before protocol 2.12, one loaded low or one
// without a 64-bit entry; Errc::malformed, naming field and value, for a cut or contradictory image. Takes a file that
// is longer than its header says: signatures and padding are appended, and are no part of the kernel.
Result<Bzimage> parse_bzimage(ByteView file);

// The compressed vmlinux inside (payload_offset, payload_length): input for unpack(). Errc::not_found if it has none.
Result<ByteView> compressed_payload(const Bzimage& image);

} // namespace kx
