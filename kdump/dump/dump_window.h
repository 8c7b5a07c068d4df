// SPDX-License-Identifier: GPL-2.0-or-later
// One thread's view of a dump's memory, for passing over all of it: mapped a few MiB at a time where the file can be
// mapped, read in large pieces where not. Any number of windows may look at one dump; a window is not shared.
#pragma once

#include "kdump/dump/dump.h"
#include "kexec/core/file.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kx {

struct VmcorePiece;

class DumpWindow {
public:
    static constexpr std::uint64_t length_limit = std::uint64_t{4} << 20; // of one call

    explicit DumpWindow(const Dump& dump) : dump_(&dump) {} // borrows the dump

    // The memory at [address, address + length), valid until the next call; errors as Dump::read_physical has them,
    // Errc::usage for a length past the limit. Going up through memory is fast.
    Result<std::span<const std::byte>> at(std::uint64_t address, std::uint64_t length);

    // Whether bytes that `at` gave since the last call were zeros because they could not be read (a bad disk, a file
    // that was cut meanwhile). Ask it after looking at the bytes.
    bool lost() const { return mapped_.lost(); }

private:
    Result<std::span<const std::byte>> mapped(int fd, const VmcorePiece& piece, std::uint64_t address,
                                              std::uint64_t length);
    Result<std::span<const std::byte>> copied(std::uint64_t address, std::uint64_t length, std::uint64_t ahead);

    const Dump* dump_;
    bool can_map_ = true;
    MappedPart mapped_;
    std::uint64_t mapped_offset_ = 0; // file offset of its first byte
    std::vector<std::byte> buffer_;
    std::uint64_t buffer_address_ = 0; // physical, of its first byte
};

} // namespace kx
