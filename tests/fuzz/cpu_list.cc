// SPDX-License-Identifier: GPL-2.0-or-later
// Lists of CPUs: what parses has no name twice, not more than a kernel can have, and says the same when it is written
// name by name.
#include "multikernel/core/cpu_list.h"

#include "tests/fuzz/invariant.h"

#include <set>
#include <string_view>
#include <utility>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace kx;
    const auto list = parse_cpu_list({reinterpret_cast<const char*>(data), size});
    if (!list) {
        INVARIANT(list.error().code == Errc::usage);
        INVARIANT(!list.error().message.empty());
        return 0;
    }
    INVARIANT(!list->empty() && list->size() <= cpu_limit);
    std::set<std::pair<bool, std::uint32_t>> names;
    std::string written;
    for (const CpuName& cpu : *list) {
        INVARIANT(names.emplace(cpu.physical, cpu.number).second);
        written += (written.empty() ? "" : ",") + text_of(cpu);
    }
    INVARIANT(parse_cpu_list(written) == *list);
    return 0;
}
