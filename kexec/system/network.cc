// SPDX-License-Identifier: GPL-2.0-or-later
// By rtnetlink: it is there on every kernel that has interfaces, whichever protocols it has.
#include "kexec/system/network.h"

#include "kexec/core/file.h"
#include "kexec/system/links.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <linux/netlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace kx {
namespace {

constexpr const char* interfaces_folder = "/sys/class/net";

std::string reason_of(int error) {
    return std::strerror(error);
}

// One request at a time and its answers.
class Channel {
public:
    // Nothing, and a notice, where there is none.
    static std::optional<Channel> open(Notices& notices) {
        Channel channel;
        channel.socket_ = FileDescriptor(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
        const int error = errno;
        // The kernel answers at once; should one not, the start must not wait for it for ever.
        constexpr timeval patience{.tv_sec = 5, .tv_usec = 0};
        if (channel.socket_ &&
            setsockopt(channel.socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0)
            return channel;
        if (access(interfaces_folder, F_OK) == 0) // a kernel without networking has no interfaces
            notices.add("network interfaces stay up: no netlink socket: {}", reason_of(error));
        return std::nullopt;
    }

    std::uint32_t next_sequence() { return ++sequence_; }

    // Sends, and gathers the answers until the last; the errno of a refusal is in `error`.
    Result<LinkAnswer> ask(std::span<const std::byte> request) {
        sockaddr_nl kernel{};
        kernel.nl_family = AF_NETLINK;
        if (sendto(socket_.get(), request.data(), request.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
                   sizeof(kernel)) != static_cast<ssize_t>(request.size()))
            return fail(Errc::io, "the request cannot be sent: {}", reason_of(errno));
        LinkAnswer whole;
        while (!whole.done && !whole.error) {
            const ssize_t got = recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                return fail(Errc::io, "no answer: {}", got < 0 ? reason_of(errno) : "the socket was closed");
            if (static_cast<std::size_t>(got) > buffer_.size())
                return fail(Errc::io, "an answer of {} bytes", got);
            LinkAnswer part =
                KX_TRY(parse_links(ByteView(std::span(buffer_).first(static_cast<std::size_t>(got))), sequence_));
            whole.links.insert(whole.links.end(), part.links.begin(), part.links.end());
            whole.done = part.done;
            whole.error = part.error;
        }
        return whole;
    }

private:
    FileDescriptor socket_;
    std::uint32_t sequence_ = 0;
    std::array<std::byte, 64 << 10> buffer_;
};

void take_down(Channel& channel, const Link& link, Notices& notices) {
    const auto answer = channel.ask(link_down_request(link.index, channel.next_sequence()));
    if (!answer)
        notices.add("network interface {} may stay up: {}", link.name, answer.error().message);
    else if (answer->error)
        notices.add("network interface {} stays up: {}", link.name, reason_of(*answer->error));
}

} // namespace

void take_interfaces_down(Notices& notices) {
    auto channel = Channel::open(notices);
    if (!channel)
        return;
    const auto listed = channel->ask(links_request(channel->next_sequence()));
    if (!listed || listed->error) {
        notices.add("network interfaces stay up: they cannot be listed: {}",
                    listed ? reason_of(*listed->error) : listed.error().message);
        return;
    }
    for (const Link& link : listed->links)
        if ((link.flags & IFF_UP) && !(link.flags & IFF_LOOPBACK))
            take_down(*channel, link, notices);
}

} // namespace kx
