// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/core/shared_bytes.h"

#include <array>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace kx {
namespace {

struct Identity {
    bool device = false;     // a block device, of this number; else a file with this inode
    dev_t number = 0;        // of the device, or of the one that the file is on
    ino_t inode = 0;         //
    std::string device_path; // below /sys/devices; a partition's begins with its disk's
    friend bool operator==(const Identity& a, const Identity& b) {
        return a.device == b.device && a.number == b.number && a.inode == b.inode;
    }
};

std::string device_path(dev_t number) {
    std::array<char, 64> link;
    std::snprintf(link.data(), link.size(), "/sys/dev/block/%u:%u", major(number), minor(number));
    std::array<char, PATH_MAX> target;
    const ssize_t length = readlink(link.data(), target.data(), target.size());
    return length > 0 ? std::string(target.data(), static_cast<std::size_t>(length)) + "/" : std::string();
}

std::optional<Identity> identity_of(int fd) {
    struct stat status {};
    if (fstat(fd, &status) != 0)
        return {};
    if (S_ISREG(status.st_mode))
        return Identity{false, status.st_dev, status.st_ino, {}};
    if (S_ISBLK(status.st_mode))
        return Identity{true, status.st_rdev, 0, device_path(status.st_rdev)};
    return {};
}

// The file behind a loop device. The kernel's form of a device number, as loop(4) gives it, keeps the minor number's
// low 8 bits below the major's 12.
std::optional<Identity> file_behind(int fd) {
    loop_info64 loop{};
    if (ioctl(fd, LOOP_GET_STATUS64, &loop) != 0)
        return {};
    const auto number = static_cast<std::uint32_t>(loop.lo_device);
    const dev_t device = makedev(number >> 8 & 0xfff, (number & 0xff) | (number >> 12 & 0xfff00));
    return Identity{false, device, loop.lo_inode, {}};
}

bool inside(const std::string& path, const std::string& disk) {
    return !disk.empty() && path.starts_with(disk);
}

} // namespace

bool share_bytes(int first, int second) {
    const auto a = identity_of(first), b = identity_of(second);
    if (!a || !b)
        return false;
    if (*a == *b || inside(a->device_path, b->device_path) || inside(b->device_path, a->device_path))
        return true;
    return (a->device && file_behind(first) == b) || (b->device && file_behind(second) == a);
}

} // namespace kx
