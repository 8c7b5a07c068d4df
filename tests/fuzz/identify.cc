// SPDX-License-Identifier: GPL-2.0-or-later
// identify() always answers, shortly, and prints nothing that a terminal would obey.
#include "image/identify.h"

#include "invariant.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto name = identify(fuzz_input(data, size));
    INVARIANT(!name.empty() && name.size() < 100);
    INVARIANT(std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; }));
    INVARIANT((name == "an empty file") == (size == 0));
    return 0;
}
