// SPDX-License-Identifier: GPL-2.0-or-later
// What nearly every test includes, compiled once: the compiler reads it in front of each test. A test includes what it
// needs all the same, and compiles without this.
#ifndef KEXEC_MK_TESTS_UNIT_PRELUDE_H
#define KEXEC_MK_TESTS_UNIT_PRELUDE_H

#include "tests/unit/catch.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#endif
