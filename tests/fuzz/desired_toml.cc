// SPDX-License-Identifier: GPL-2.0-or-later
// Declarative files as TOML: an error names a place; a wish keeps desired_invariants.h.
#include "multikernel/desired/file.h"
#include "tests/fuzz/desired_invariants.h"

using namespace kx;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto desired = ctl::parse_desired_toml(text, "f");
    if (!desired) {
        INVARIANT(desired.error().code == Errc::malformed);
        INVARIANT(desired.error().message.starts_with("f:"));
        return 0;
    }
    test::check_desired(*desired);
    return 0;
}
