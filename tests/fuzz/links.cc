// SPDX-License-Identifier: GPL-2.0-or-later
// Answers of rtnetlink: a datagram that is accepted tells no more links than there is room for messages, with names
// that lie in it; cut short inside a message it is refused.
#include "kexec/system/links.h"

#include "tests/fuzz/invariant.h"

using namespace kx;
using namespace kx::test;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t least_message = 16 + 16;
    const auto datagram = fuzz_input(data, size);
    const auto answer = parse_links(datagram, 7);
    if (!answer) {
        INVARIANT(answer.error().code == Errc::malformed && !answer.error().message.empty());
        return 0;
    }
    INVARIANT(answer->links.size() <= size / least_message);
    INVARIANT(!answer->error || *answer->error != 0);
    for (const Link& link : answer->links)
        INVARIANT(link.name.size() <= size && link.name.find('\0') == link.name.npos);
    return 0;
}
