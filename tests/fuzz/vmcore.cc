// SPDX-License-Identifier: GPL-2.0-or-later
// A dump of any format that is opened keeps the promises of kdump/dump/dump.h.
#include "tests/fuzz/dump_invariants.h"

using namespace kx;
using namespace kx::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    FileDescriptor fd;
    const auto dump = open_input(data, size, fd);
    if (dump)
        check_dump(*dump, size);
    else
        INVARIANT(!dump.error().message.empty());
    return 0;
}
