// SPDX-License-Identifier: GPL-2.0-or-later
// Records of instances, of both kinds: what is accepted says the same when it is written again; what is not names the
// file.
#include "multikernel/records/record.h"

#include "multikernel/native/record.h"
#include "tests/fuzz/invariant.h"

#include <string_view>

namespace {

void check_native_record(std::string_view text) {
    using namespace kx;
    const auto record = parse_native_record(text, "record");
    if (!record) {
        INVARIANT(record.error().code == Errc::malformed);
        INVARIANT(record.error().message.starts_with("record: "));
        return;
    }
    for (const PhysRange& range : record->added)
        INVARIANT(!range.empty());
    INVARIANT(parse_native_record(text_of(*record), "record") == *record);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kx;
    check_native_record({reinterpret_cast<const char*>(data), size});
    const auto record = parse_instance_record({reinterpret_cast<const char*>(data), size}, "record");
    if (!record) {
        INVARIANT(record.error().code == Errc::malformed);
        INVARIANT(record.error().message.starts_with("record: "));
        return 0;
    }
    INVARIANT(record->id >= 1 && record->id <= 2047);
    INVARIANT(parse_instance_record(text_of(*record), "record") == *record);
    return 0;
}
