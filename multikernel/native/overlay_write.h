// SPDX-License-Identifier: GPL-2.0-or-later
// One overlay goes to the kernel, and its transaction is found again.
#pragma once

#include "kexec/core/result.h"
#include "multikernel/core/control.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/native/overlay.h"

namespace kx {

inline constexpr std::string_view new_overlay_path = "sys/fs/multikernel/overlays/new";

std::string transaction_path(std::uint32_t number);  // "sys/fs/multikernel/overlays/tx_2"
std::string shown_transaction(std::uint32_t number); // "transaction 2 (tx_2)"

// The transaction that came of the write, whatever its status: the one with these bytes among those that were not there
// before. Errc::no_room for an overlay that is too long (nothing is written); Errc::denied, unsupported or io where the
// write was refused; Errc::unsupported where another program wrote the same bytes at the same time and only one of the
// two was applied: which of them is ours cannot be told.
Result<Transaction> write_overlay(const InstanceControl& control, const Overlay& overlay);

// Says where a user finds the reason of a refusal: only the kernel's log has it.
inline constexpr std::string_view kernel_log_has_the_reason = "the kernel's log (dmesg) has the reason";

} // namespace kx
