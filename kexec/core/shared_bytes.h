// SPDX-License-Identifier: GPL-2.0-or-later
// Whether two opened files are one, by whatever names they were opened.
#pragma once

namespace kx {

// Whether writing to one of these descriptors may change what is read from the other: the same regular file, the same
// block device by any node, a disk and a partition of it, a loop device and the file behind it. False for pipes and
// character devices, which keep nothing.
bool share_bytes(int first, int second);

} // namespace kx
