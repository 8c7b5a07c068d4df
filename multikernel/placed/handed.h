// SPDX-License-Identifier: GPL-2.0-or-later
// The handover that a load attaches to an instance, and how a handover is shown.
#pragma once

#include "kexec/load/report.h"
#include "kexec/program/session.h"
#include "multikernel/core/wish.h"
#include "multikernel/placed/own_machine.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace kx {

struct InstanceHandover {
    std::vector<std::byte> page; // for LoadRequest::kho_fdt
    HandoverReport report;
};

// Made from the instance's name, id, CPUs and memory; with --instance-dtb=FILE around that tree; with --kho-fdt=FILE it
// is that tree. Errors name the option.
Result<InstanceHandover> instance_handover(const InstanceOptions& options, const Instance& instance);

// --show-handover: FILE where that has a slash in it, else the instance of this id or name, else FILE. The exit code.
Result<int> show_handover(Session& session);

} // namespace kx
