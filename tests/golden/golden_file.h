// SPDX-License-Identifier: GPL-2.0-or-later
// Expected results as files below tests/golden. KEXEC_GOLDEN=update writes them anew; read the difference then.
#pragma once

#include <string>
#include <string_view>

namespace kx::test {

// `content`, text or bytes, is that of the file `path` below tests/golden.
void check_golden(std::string_view path, const std::string& content);

} // namespace kx::test
