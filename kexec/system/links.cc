// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/system/links.h"

#include <cstring>
#include <limits>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

namespace kx {
namespace {

struct LinkRequest {
    nlmsghdr header;
    ifinfomsg link;
};
static_assert(sizeof(LinkRequest) == NLMSG_LENGTH(sizeof(ifinfomsg)));

std::vector<std::byte> message(const LinkRequest& request) {
    const auto* bytes = reinterpret_cast<const std::byte*>(&request);
    return {bytes, bytes + sizeof(request)};
}

LinkRequest request_of(std::uint16_t type, std::uint16_t flags, std::uint32_t sequence) {
    LinkRequest request{};
    request.header.nlmsg_len = sizeof(request);
    request.header.nlmsg_type = type;
    request.header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    request.header.nlmsg_seq = sequence;
    return request;
}

// Netlink speaks the byte order of the machine.
template <typename T> Result<T> native(ByteView bytes, std::uint64_t offset) {
    const ByteView part = KX_TRY(bytes.slice(offset, sizeof(T)));
    T value;
    std::memcpy(&value, part.bytes().data(), sizeof(T));
    return value;
}

// The IFLA_IFNAME among the attributes; empty where there is none.
Result<std::string> name_in(ByteView attributes) {
    for (std::uint64_t offset = 0; offset + sizeof(rtattr) <= attributes.size();) {
        const auto head = KX_TRY(native<rtattr>(attributes, offset));
        if (head.rta_len < sizeof(rtattr))
            return fail(Errc::malformed, "an attribute of {} bytes at {:#x}", head.rta_len, offset);
        const ByteView content = KX_TRY(attributes.slice(offset + sizeof(rtattr), head.rta_len - sizeof(rtattr)));
        if (head.rta_type == IFLA_IFNAME) {
            const std::string_view text(reinterpret_cast<const char*>(content.bytes().data()), content.size());
            return std::string(text.substr(0, text.find('\0')));
        }
        offset += RTA_ALIGN(std::uint64_t{head.rta_len});
    }
    return std::string();
}

Result<Link> link_in(ByteView payload) {
    const auto info = KX_TRY(native<ifinfomsg>(payload, 0));
    Link link{.index = info.ifi_index, .flags = info.ifi_flags, .name = {}};
    if (payload.size() > NLMSG_ALIGN(sizeof(info)))
        link.name = KX_TRY(name_in(KX_TRY(payload.from(NLMSG_ALIGN(sizeof(info))))));
    return link;
}

} // namespace

std::vector<std::byte> links_request(std::uint32_t sequence) {
    return message(request_of(RTM_GETLINK, NLM_F_DUMP, sequence));
}

std::vector<std::byte> link_down_request(std::int32_t index, std::uint32_t sequence) {
    LinkRequest request = request_of(RTM_NEWLINK, NLM_F_ACK, sequence);
    request.link.ifi_index = index;
    request.link.ifi_change = IFF_UP;
    return message(request);
}

Result<LinkAnswer> parse_links(ByteView datagram, std::uint32_t sequence) {
    LinkAnswer answer;
    for (std::uint64_t offset = 0; offset < datagram.size();) {
        const auto header = KX_TRY(native<nlmsghdr>(datagram, offset));
        if (header.nlmsg_len < sizeof(header))
            return fail(Errc::malformed, "a message of {} bytes at {:#x}", header.nlmsg_len, offset);
        const ByteView payload = KX_TRY(datagram.slice(offset + sizeof(header), header.nlmsg_len - sizeof(header)));
        offset += NLMSG_ALIGN(std::uint64_t{header.nlmsg_len});
        if (header.nlmsg_seq != sequence)
            continue;
        if (header.nlmsg_type == NLMSG_DONE)
            answer.done = true;
        else if (header.nlmsg_type == RTM_NEWLINK)
            answer.links.push_back(KX_TRY(link_in(payload)));
        else if (header.nlmsg_type == NLMSG_ERROR) {
            const auto negated = KX_TRY(native<std::int32_t>(payload, 0));
            if (negated > 0 || negated == std::numeric_limits<std::int32_t>::min())
                return fail(Errc::malformed, "an error number of {}", negated);
            answer.done = negated == 0;
            if (negated != 0)
                answer.error = -negated;
        }
    }
    return answer;
}

} // namespace kx
