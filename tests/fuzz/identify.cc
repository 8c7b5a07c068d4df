// SPDX-License-Identifier: GPL-2.0-or-later
// identify() always answers, shortly, and prints nothing that a terminal would obey.
#include "kexec/image/identify.h"

#include "kexec/image/signature.h"
#include "tests/fuzz/invariant.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto name = identify(fuzz_input(data, size));
    INVARIANT(!name.empty() && name.size() < 100);
    INVARIANT(std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; }));
    if (carries_signature(fuzz_input(data, size)))
        INVARIANT(size >= 28 && (data[0] == 'M' || data[size - 1] == '\n'));
    INVARIANT((name == "an empty file") == (size == 0));
    return 0;
}
