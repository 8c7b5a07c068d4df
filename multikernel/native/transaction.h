// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of a multikernel kernel's pool and instances. The kernel answers every write of an overlay with success, even
// if the change fails. So these functions find the change again by its bytes, check its status and its effect, and undo
// a change that did not do what was asked. Before the write they refuse, by the facts, what the kernel would refuse.
// The caller holds the lock (lock.h).
//
// Where a change fails, everything is as it was before, or the message says what is not.
#pragma once

#include "kexec/core/result.h"
#include "multikernel/core/control.h"
#include "multikernel/core/requests.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/native/overlay.h"

#include <cstdint>

namespace kx {

// Writes the overlay and returns the number of its transaction, which is `applied`. Errc::unsupported if it failed:
// then what it had done is undone, and its transaction is removed if that is safe. (It is not if the kernel's undo
// would take away, by name, what the change never gave.)
Result<std::uint32_t> apply_overlay(const InstanceControl& control, const Overlay& overlay);

// Removes the transaction, which undoes it. Errc::not_found; Errc::unsupported where the kernel refuses, where the
// transaction failed and its undo would take things that are not its own, or where an instance of its is not the one
// that it created. The notices say what is left that cannot be undone.
Result<> roll_back(const InstanceControl& control, std::uint32_t transaction);

// Makes the pool. CPUs are of the running kernel's own, online, and not its boot CPU; their numbers are remembered
// first. Errc::usage for a request that makes no sense; Errc::unsupported where there is a pool, or where the kernel
// refuses.
Result<NativePool> make_pool(const InstanceControl& control, const PoolRequest& pool);

// Gives everything back to the running kernel: all CPUs, PCI devices and chunks. Errc::unsupported where instances hold
// some, or the kernel refuses.
Result<> dissolve_pool(const InstanceControl& control);

// Creates the instance and returns it as the kernel made it: with these CPUs, in this order, this much memory, in as
// many pieces as the kernel wants, and these devices. Errc::usage; Errc::unsupported, Errc::no_room.
Result<NativeInstance> create_instance(const InstanceControl& control, const InstanceRequest& request);

// Takes what was added to the instance (NativeInstance::added) back to the pool, and looks whether it is there: with
// the instance it would be lost. Nothing where nothing was added.
Result<> take_added_memory(const InstanceControl& control, const NativeInstance& instance);

// What a removal writes, one after the other: for a dry run.
std::vector<Overlay> removal_overlays(const NativeInstance& instance);

// After take_added_memory. Errc::unsupported where it is not `ready` or `empty`, with what to do first, where it has to
// be left alone, and where what was added to it cannot be told or taken; Errc::not_found where it is not there any
// more. A notice tells of memory that is lost even so.
Result<> remove_instance(const InstanceControl& control, const NativeInstance& instance);

// A notice of what is lost with an instance that was halted by force and is removed now; none for any other.
void note_lost(const InstanceControl& control, const NativeInstance& instance);

// The change holds afterwards, or nothing of it does. Where an instance's memory comes to lie elsewhere than asked for,
// which the kernel does to instances that do not run, a notice says where.
Result<> change_resources(const InstanceControl& control, const ResourceChange& change);

} // namespace kx
