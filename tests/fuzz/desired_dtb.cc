// SPDX-License-Identifier: GPL-2.0-or-later
// Declarative files as device trees: an error names the file; a wish keeps desired_invariants.h.
#include "multikernel/desired/file.h"
#include "tests/fuzz/desired_invariants.h"

using namespace kx;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto root = parse_device_tree(test::fuzz_input(data, size));
    if (!root)
        return 0;
    Notices notices;
    const auto desired = ctl::desired_state_of(*root, "f", notices);
    if (!desired) {
        INVARIANT(desired.error().code == Errc::malformed);
        INVARIANT(desired.error().message.starts_with("f: "));
        return 0;
    }
    test::check_desired(*desired);
    return 0;
}
