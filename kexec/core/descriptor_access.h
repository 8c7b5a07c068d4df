// SPDX-License-Identifier: GPL-2.0-or-later
// What a file descriptor is open for. One that is closed, or was opened with O_PATH, is open for neither.
#pragma once

namespace kx {

bool is_open_for_reading(int fd);
bool is_open_for_writing(int fd);

} // namespace kx
