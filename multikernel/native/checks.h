// SPDX-License-Identifier: GPL-2.0-or-later
// Checks by the facts whether a multikernel kernel can do what is asked. The kernel itself would fail without a reason,
// or do a part. Everything here is pure.
#pragma once

#include "kexec/core/result.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/filesystem.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kx {

// The ids that a load can name; the kernel knows larger ones.
inline constexpr std::uint32_t highest_loadable_id = 2047;

// Name and id are free, CPUs and devices are free in the pool, and the memory is there. Errc::usage for what makes no
// sense on any machine; Errc::unsupported, Errc::no_room.
Result<> check_creation(const InstanceRequest& request, const NativeFacts& facts);

// `online`: the logical CPUs that the running kernel has online; empty if that is not known. Errors as above, and
// Errc::not_found for an instance.
Result<> check_change(const ResourceChange& change, const NativeFacts& facts, const std::vector<std::uint32_t>& online);

// Errors as above.
Result<> check_new_pool(const PoolRequest& pool, const NativeFacts& facts, const std::vector<std::uint32_t>& online);

// Errc::unsupported unless the instance has no kernel, nothing is known that makes its removal dangerous, and it is
// known which memory was added to it.
Result<> check_removal(const NativeInstance& instance);

// The place in `free`, which is sorted, where a multikernel kernel takes memory of this size.
std::optional<PhysRange> first_free(std::uint64_t size, std::span<const PhysRange> free);
// The kernel of a running instance takes only memory that begins at a multiple of this (x86-64).
inline constexpr std::uint64_t memory_block_size = 128 << 20;

// "apic 0x3", "CPU 3 (apic 0x3)".
std::string shown_cpu(std::uint64_t physical, const NativeFacts& facts);

} // namespace kx
