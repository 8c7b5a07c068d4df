// SPDX-License-Identifier: GPL-2.0-or-later
// Copies a dump's ELF notes from file to file, a piece at a time, whatever is in them.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/save/write_buffer.h"
#include "kexec/core/notices.h"

namespace kx {

// Writes the notes to the buffer's position. Zeros become holes if the sink has holes. Bytes that cannot be read become
// zeros, and a notice tells so.
void copy_notes(const Dump& dump, WriteBuffer& out, Notices& notices);

} // namespace kx
