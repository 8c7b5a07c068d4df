// SPDX-License-Identifier: GPL-2.0-or-later
// Plans an x86 bzImage by its 64-bit entry (Linux Documentation/arch/x86/boot.rst, "64-bit boot protocol").
#pragma once

#include "kexec/core/byte_view.h"
#include "kexec/core/notices.h"
#include "kexec/loader/image_facts.h"
#include "kexec/loader/load_request.h"
#include "kexec/machine/machine.h"
#include "kexec/plan/load_plan.h"

namespace kx {

// The errors of parse_bzimage (image/bzimage.h).
Result<ImageFacts> describe_bzimage(ByteView file);

// Demands "kernel", "boot_params" (with the command line and the setup_data list) and, where asked for, "initrd".
Result<LoadPlan> plan_bzimage(const LoadRequest& request, const Machine& machine, Notices& notices);

} // namespace kx
