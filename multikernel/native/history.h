// SPDX-License-Identifier: GPL-2.0-or-later
// What became of an instance since it was created, from the transactions that the kernel keeps and from the record of
// this program (record.h). Pure, but for remember_native().
#pragma once

#include "kexec/core/result.h"
#include "multikernel/core/control.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/native/record.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace kx {

// Sets `creation`, `added`, `unclear`, `left_alone` and the two marks of a halt. `record` may be of an earlier instance
// of this id: it is passed over then.
void settle_history(NativeInstance& instance, std::span<const Transaction> transactions,
                    const std::optional<NativeRecord>& record);

// The last transaction that created an instance of this name (and, where it says so, of this id) which none removed
// after that; 0 for none.
std::uint32_t creator_of(std::string_view name, std::uint32_t id, std::span<const Transaction> transactions);

// "Leave it alone until the next boot: …" where the instance may be neither removed nor changed.
Result<> refuse_if_left_alone(const NativeInstance& instance);

// The record of the instance as it is now, to be changed and written.
NativeRecord native_record_of(const InstanceControl& control, const NativeInstance& instance);

// Facts that also know the records below control.run_root.
Result<NativeFacts> read_native_facts(const InstanceControl& control);

} // namespace kx
