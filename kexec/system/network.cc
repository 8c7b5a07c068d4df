// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/network.h"

#include "core/file.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace kx {

namespace {

void take_down(int socket_fd, const char* name, Notices& notices) {
    ifreq request{};
    std::strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
    if (ioctl(socket_fd, SIOCGIFFLAGS, &request) != 0) {
        notices.add("network interface {}: its state cannot be read: {}", name, std::strerror(errno));
        return;
    }
    if ((request.ifr_flags & IFF_LOOPBACK) || !(request.ifr_flags & IFF_UP))
        return;
    request.ifr_flags = static_cast<short>(request.ifr_flags & ~IFF_UP);
    if (ioctl(socket_fd, SIOCSIFFLAGS, &request) != 0)
        notices.add("network interface {} stays up: {}", name, std::strerror(errno));
}

} // namespace

void take_interfaces_down(Notices& notices) {
    const FileDescriptor channel(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!channel) {
        if (errno != EAFNOSUPPORT) // a kernel without networking has no interfaces
            notices.add("network interfaces stay up: no socket: {}", std::strerror(errno));
        return;
    }
    const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> list(if_nameindex(), if_freenameindex);
    if (!list) {
        notices.add("network interfaces stay up: they cannot be listed: {}", std::strerror(errno));
        return;
    }
    for (const auto* entry = list.get(); entry->if_index != 0; ++entry)
        take_down(channel.get(), entry->if_name, notices);
}

} // namespace kx
