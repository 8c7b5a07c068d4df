// SPDX-License-Identifier: GPL-2.0-or-later
// Adds purgatory to a plan: the code that runs between two kernels, checks what was loaded, and jumps.
#pragma once

#include "kexec/core/entry_mode.h"
#include "kexec/core/result.h"
#include "kexec/plan/load_plan.h"
#include "kexec/plan/placement.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace kx {

inline constexpr std::string_view purgatory_name = "purgatory";

// Memory that purgatory copies after it compared the digests and before the next kernel runs. No digest guards the
// copy.
struct PurgatoryBackup {
    PhysRange source;
    std::uint64_t destination;
};

struct PurgatoryOptions {
    bool verify = true;                       // the digests (--no-checks turns it off)
    std::optional<std::uint64_t> serial_base; // where to tell of a mismatch; none or 0: nowhere
    std::uint32_t serial_baud = 0;            // 0: as the line is set
    bool chatty = false;                      // tell of success, too (--console-serial, --console-vga)
    bool vga_text = false;
    bool reset_vga = false;
    std::optional<PurgatoryBackup> backup;
    std::span<const EntryWay> entry_ways;   // by which it can enter a kernel
    PhysRange window = anywhere;            // where it may lie (physical) …
    std::optional<PhysRange> second_window; // … or else
};

// `image` is purgatory's ELF for the architecture that boots (arch/architecture.h). Errc::unsupported for an entry that
// is none of the options' ways. The demand's composer takes the
// digests of all other guarded segments, so it must be the last that compose() runs.
Result<Demand> purgatory_demand(ByteView image, const LoadPlan& plan, const PurgatoryOptions& options);

// Where the kernel enters purgatory.
Result<std::uint64_t> purgatory_entry(ByteView image, const Placement& placement);

} // namespace kx
