// SPDX-License-Identifier: GPL-2.0-or-later
// Interfaces that really go down: in a network namespace of a child's own, so that none of this machine is touched.
#include "kexec/system/network.h"
#include "tests/unit/catch.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace kx;

namespace {

constexpr int no_namespace = 77, no_interface = 78;

struct NewLink {
    nlmsghdr header;
    ifinfomsg link;
    rtattr name_head;
    char name[8];
    rtattr info_head;
    rtattr kind_head;
    char kind[8];
};

// An interface that is up.
bool add_interface(const char* name, const char* kind) {
    NewLink request{};
    request.header.nlmsg_len = sizeof(request);
    request.header.nlmsg_type = RTM_NEWLINK;
    request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
    request.link.ifi_flags = request.link.ifi_change = IFF_UP;
    request.name_head = {sizeof(rtattr) + sizeof(request.name), IFLA_IFNAME};
    std::strncpy(request.name, name, sizeof(request.name) - 1);
    request.info_head = {sizeof(rtattr) + sizeof(rtattr) + sizeof(request.kind), IFLA_LINKINFO};
    request.kind_head = {sizeof(rtattr) + sizeof(request.kind), IFLA_INFO_KIND};
    std::strncpy(request.kind, kind, sizeof(request.kind) - 1);
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct {
        nlmsghdr header;
        nlmsgerr error;
        char rest[512];
    } answer{};
    const bool made = send(fd, &request, sizeof(request), 0) == sizeof(request) &&
                      recv(fd, &answer, sizeof(answer), 0) > 0 && answer.error.error == 0;
    close(fd);
    return made;
}

bool is_up(const char* name) {
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    const bool up = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
    close(fd);
    return up;
}

// Two interfaces besides lo go down, and nothing is noted.
int in_own_network() {
    if (unshare(CLONE_NEWNET) != 0)
        return no_namespace;
    for (const char* name : {"first", "second"})
        if (!add_interface(name, "dummy") && !add_interface(name, "ifb"))
            return no_interface;
    if (!is_up("first") || !is_up("second"))
        return no_interface;
    Notices notices;
    take_interfaces_down(notices);
    return is_up("first") || is_up("second") ? 1 : notices.texts().empty() ? 0 : 2;
}

} // namespace

TEST_CASE("interfaces go down") {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0)
        _exit(in_own_network());
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    if (WEXITSTATUS(status) == no_namespace)
        WARN("not shown here: a network namespace cannot be made (not root)");
    else if (WEXITSTATUS(status) == no_interface)
        WARN("not shown here: this kernel has neither dummy nor ifb interfaces");
    else
        CHECK(WEXITSTATUS(status) == 0);
}
