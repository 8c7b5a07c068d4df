// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of a multikernel kernel's pool and instances. The kernel answers a write of an overlay with success whatever
// becomes of it: here it is found again by its bytes, its status and its effect are looked at, and what did not come
// out as it was asked for is rolled back. Every function wants the lock (lock.h) to be held by the caller.
#pragma once

#include "core/result.h"
#include "multikernel/control.h"
#include "multikernel/filesystem.h"
#include "multikernel/overlay.h"

#include <cstdint>

namespace kx {

// Writes the overlay and returns the number of its transaction, which is `applied`. Errc::unsupported where it failed
// (its transaction is removed then), with where the reason is to be found.
Result<std::uint32_t> apply_overlay(const InstanceControl& control, const Overlay& overlay);

// Removes the transaction, which undoes it. Errc::not_found; Errc::unsupported where the kernel refuses, or where
// something is left that cannot be undone (the notices then say what).
Result<> roll_back(const InstanceControl& control, std::uint32_t transaction);

// Makes the pool. Errc::unsupported where there is one, or where the kernel refuses; what it took all the same is told.
// The numbers of the CPUs are remembered first.
Result<SpawnPool> make_pool(const InstanceControl& control, const PoolRequest& pool);

// Gives everything back to the kernel: all CPUs, devices and chunks. Errc::unsupported where an instance holds some.
Result<> dissolve_pool(const InstanceControl& control);

// Creates the instance and returns it as the kernel made it; rolled back where it has other CPUs or less memory than
// asked for.
Result<SpawnInstance> create_instance(const InstanceControl& control, const InstanceRequest& request);

// Errc::unsupported where it is not `ready` or `empty`, with what to do first.
Result<> remove_instance(const InstanceControl& control, const SpawnInstance& instance);

// The change holds afterwards, or nothing of it does.
Result<> change_resources(const InstanceControl& control, const ResourceChange& change);

} // namespace kx
