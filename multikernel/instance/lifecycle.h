// SPDX-License-Identifier: GPL-2.0-or-later
// Starts, stops and drops an instance that has an image. The same functions serve every kernel that
// multikernel_dialect() identifies; the caller holds the lock (lock.h). Before a call they refuse, by what the files
// tell, what a kernel would accept to its own harm (doc/multikernel-dialects.md).
#pragma once

#include "kexec/core/result.h"
#include "multikernel/core/control.h"
#include "multikernel/instance/view.h"

#include <chrono>
#include <string>

namespace kx {

// Only what the functions below refuse before they make a call: for a dry run.
Result<> check_start(const InstanceControl& control, const InstanceView& instance);
Result<> check_halt(const InstanceView& instance, bool by_force);
Result<> check_unload(const InstanceControl& control, const InstanceView& instance);

// Errc::unsupported where it is active already, has no image, or (on a stock kernel) was started before, and where its
// CPUs are not to be had.
Result<> start_instance(const InstanceControl& control, const InstanceView& instance);

// `by_force`: without asking its kernel. A stock kernel knows no other way and ignores this. Without force the call
// waits up to 30 s for the instance's kernel. Errc::unsupported if the instance does not run; but by force an instance
// of a multikernel kernel may be stopped again, because it is `loaded` even if a CPU of it went on. Errc::io if the
// kernel took the call and still says that the instance runs. After a halt by force of an instance of a multikernel
// kernel, a notice tells that the kernel does not say whether the CPUs stopped, and what to do if they did not; the
// record (native/record.h) keeps that.
Result<> halt_instance(const InstanceControl& control, const InstanceView& instance, bool by_force);

// Drops the image and its record. Errc::unsupported while it is active, and where it has none: a multikernel kernel
// would accept either and break.
Result<> unload_instance(const InstanceControl& control, const InstanceView& instance);

// Until the instance's status (`loaded`, `active`) or, for "kernel", its stage is this. Errc::io with what it was when
// the time was over.
Result<> wait_for_status(const InstanceControl& control, const InstanceView& instance, std::string_view status,
                         std::chrono::milliseconds patience);

} // namespace kx
