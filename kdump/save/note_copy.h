// SPDX-License-Identifier: GPL-2.0-or-later
// Copies a dump's ELF notes from file to file, a piece at a time, whatever is in them.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/save/write_buffer.h"
#include "kexec/core/notices.h"

namespace kx {

// To where the buffer stands. Zeros become a hole where the sink has holes. What cannot be read is zeros, and noted.
void copy_notes(const Dump& dump, WriteBuffer& out, Notices& notices);

} // namespace kx
