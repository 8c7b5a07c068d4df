// SPDX-License-Identifier: GPL-2.0-or-later
// The options that `kdump dmesg` and vmcore-dmesg share.
#pragma once

#include "kdump/program/log_text.h"
#include "kexec/cli/arguments.h"

#include <span>

namespace kx::kdump {

std::span<const ArgumentRow> log_rows();
LogFormat log_format(const Arguments& arguments);

} // namespace kx::kdump
