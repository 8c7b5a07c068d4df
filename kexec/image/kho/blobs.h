// SPDX-License-Identifier: GPL-2.0-or-later
// What the parts of the kernel hand over by KHO, as far as it is known here: the blobs of its tree's nodes.
#pragma once

#include "kexec/core/byte_view.h"
#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

namespace kho_blobs {
inline constexpr std::string_view memblock = "memblock";
inline constexpr std::string_view kexec_metadata = "kexec-metadata";
inline constexpr std::string_view live_update = "LUO";
} // namespace kho_blobs

// One reserve_mem= of the kernel's command line.
struct KhoReservedMemory {
    std::string name;
    PhysRange range;
    friend bool operator==(const KhoReservedMemory&, const KhoReservedMemory&) = default;
};
// "memblock": a device tree "memblock-v1" with a node "reserve-mem-v1" for each. Errors of parse_device_tree, and
// Errc::unsupported for another version.
Result<std::vector<KhoReservedMemory>> parse_kho_memblock(ByteView blob);

struct KhoKexecMetadata {
    std::string previous_release; // of the kernel that wrote it; any bytes
    std::uint32_t count = 0;      // of kexecs since the machine was last started otherwise
};
// "kexec-metadata". Bytes behind it are ignored. Errc::unsupported for another version than 1.
Result<KhoKexecMetadata> parse_kexec_metadata(ByteView blob);

struct KhoLiveUpdate {
    std::string compatible;                // "luo-v1" …
    std::optional<std::uint64_t> number;   // of live updates; "luo-v2" keeps it in memory
    std::optional<std::uint64_t> sessions; // where they lie; nothing where the version keeps that in memory, 0: none
    std::optional<std::uint64_t> objects;  // that several files share
};
// "LUO": a device tree up to "luo-v2", a structure from "luo-v3" on. Errc::unsupported for what is neither.
Result<KhoLiveUpdate> parse_kho_live_update(ByteView blob);

} // namespace kx
