// SPDX-License-Identifier: GPL-2.0-or-later
// Network links as rtnetlink tells of them (rtnetlink(7), netlink(7)): messages only, no socket.
#pragma once

#include "kexec/core/byte_view.h"
#include "kexec/core/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kx {

struct Link {
    std::int32_t index = 0;
    std::uint32_t flags = 0; // IFF_*
    std::string name;
};

// What one datagram of an answer holds.
struct LinkAnswer {
    std::vector<Link> links;
    bool done = false;        // the listing is complete, or a request was acknowledged
    std::optional<int> error; // errno of a refused request
};

// RTM_GETLINK of all links.
std::vector<std::byte> links_request(std::uint32_t sequence);
// RTM_NEWLINK that clears IFF_UP and nothing else.
std::vector<std::byte> link_down_request(std::int32_t index, std::uint32_t sequence);

// Messages with another sequence number are passed over. Errc::malformed where a length contradicts the datagram.
Result<LinkAnswer> parse_links(ByteView datagram, std::uint32_t sequence);

} // namespace kx
