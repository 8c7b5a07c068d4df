// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/system/links.h"
#include "tests/unit/catch.h"

#include <cerrno>
#include <cstring>
#include <limits>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

using namespace kx;

namespace {

class Datagram {
public:
    template <typename T> Datagram& append(const T& value) {
        const auto* begin = reinterpret_cast<const std::byte*>(&value);
        bytes.insert(bytes.end(), begin, begin + sizeof(T));
        return *this;
    }
    Datagram& head(std::uint16_t type, std::size_t payload, std::uint32_t sequence = 7) {
        nlmsghdr header{};
        header.nlmsg_len = static_cast<std::uint32_t>(sizeof(header) + payload);
        header.nlmsg_type = type;
        header.nlmsg_seq = sequence;
        return append(header);
    }
    Datagram& link(std::int32_t index, std::uint32_t flags, std::string name, std::uint32_t sequence = 7) {
        rtattr other{}, attribute{};
        other.rta_len = sizeof(other) + 4;
        other.rta_type = IFLA_MTU;
        attribute.rta_len = static_cast<std::uint16_t>(sizeof(attribute) + name.size() + 1);
        attribute.rta_type = IFLA_IFNAME;
        const std::size_t padded = (name.size() + 4) & ~std::size_t{3};
        ifinfomsg info{};
        info.ifi_index = index;
        info.ifi_flags = flags;
        head(RTM_NEWLINK, sizeof(info) + other.rta_len + sizeof(attribute) + padded, sequence);
        append(info).append(other).append(std::uint32_t{1500}).append(attribute);
        name.resize(padded);
        for (const char c : name)
            append(c);
        return *this;
    }
    Datagram& error(std::int32_t code) {
        return head(NLMSG_ERROR, sizeof(code) + sizeof(nlmsghdr)).append(code).append(nlmsghdr{});
    }

    std::vector<std::byte> bytes;
};

} // namespace

TEST_CASE("links are told by index, flags and name") {
    Datagram datagram;
    datagram.link(1, IFF_UP | IFF_LOOPBACK, "lo").link(2, IFF_UP, "eth0").head(NLMSG_DONE, 0);
    const auto answer = parse_links(ByteView(datagram.bytes), 7);
    REQUIRE(answer);
    CHECK(answer->done);
    CHECK_FALSE(answer->error);
    REQUIRE(answer->links.size() == 2);
    CHECK(answer->links[1].index == 2);
    CHECK(answer->links[1].flags == IFF_UP);
    CHECK(answer->links[1].name == "eth0");
}

TEST_CASE("an answer to another request is passed over") {
    Datagram datagram;
    datagram.link(2, IFF_UP, "eth0", 6);
    const auto answer = parse_links(ByteView(datagram.bytes), 7);
    REQUIRE(answer);
    CHECK(answer->links.empty());
    CHECK_FALSE(answer->done);
}

TEST_CASE("an acknowledgement and a refusal") {
    Datagram good, bad;
    CHECK(parse_links(ByteView(good.error(0).bytes), 7)->done);
    const auto refused = parse_links(ByteView(bad.error(-EPERM).bytes), 7);
    CHECK(refused->error == EPERM);
    CHECK_FALSE(refused->done);
}

TEST_CASE("datagrams that contradict themselves are refused") {
    Datagram whole;
    whole.link(2, IFF_UP, "eth0");
    for (std::size_t size = 1; size < whole.bytes.size(); ++size)
        CHECK_FALSE(parse_links(ByteView(std::span(whole.bytes).first(size)), 7));
    auto short_message = whole.bytes;
    short_message[0] = std::byte{4};
    CHECK_FALSE(parse_links(ByteView(short_message), 7));
    auto empty_attribute = whole.bytes;
    empty_attribute[sizeof(nlmsghdr) + sizeof(ifinfomsg)] = std::byte{0};
    CHECK_FALSE(parse_links(ByteView(empty_attribute), 7));
    Datagram positive, least;
    CHECK_FALSE(parse_links(ByteView(positive.error(EPERM).bytes), 7));
    CHECK_FALSE(parse_links(ByteView(least.error(std::numeric_limits<std::int32_t>::min()).bytes), 7));
}

TEST_CASE("taking a link down changes IFF_UP and nothing else") {
    const auto bytes = link_down_request(5, 9);
    nlmsghdr header;
    ifinfomsg info;
    REQUIRE(bytes.size() == sizeof(header) + sizeof(info));
    std::memcpy(&header, bytes.data(), sizeof(header));
    std::memcpy(&info, bytes.data() + sizeof(header), sizeof(info));
    CHECK(header.nlmsg_type == RTM_NEWLINK);
    CHECK(header.nlmsg_flags == (NLM_F_REQUEST | NLM_F_ACK));
    CHECK(header.nlmsg_seq == 9);
    CHECK(info.ifi_index == 5);
    CHECK(info.ifi_change == IFF_UP);
    CHECK(info.ifi_flags == 0);
}
