// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/share.h"

#include "kexec/plan/demand.h"
#include "multikernel/core/memory_wish.h"
#include "multikernel/core/wish.h"
#include "multikernel/placed/memory_choice.h"
#include "multikernel/placed/x86_64/serial_ports.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::uint64_t usual_size = 256 << 20;
constexpr std::uint64_t little = 128 << 20;

Result<PhysRange> share_of(const std::optional<MemoryWish>& wanted, std::span<const PoolRange> pool,
                           std::span<const PhysRange> taken) {
    if (wanted)
        return within("--memory", choose_memory(*wanted, pool, taken));
    std::uint64_t largest = 0;
    for (const PhysRange& range : free_pool(pool, taken)) {
        const auto begin = align_up(range.begin, instance_alignment);
        const auto usable = begin ? PhysRange::between(*begin, range.end) : std::nullopt;
        largest = std::max(largest, usable ? usable->size() : 0);
    }
    return choose_memory({.size = std::min(usual_size, std::max(largest, page_size)), .address = {}}, pool, taken);
}

} // namespace

Result<PhysRange> choose_share(const std::optional<MemoryWish>& wanted, std::span<const PoolRange> pool,
                               std::span<const PhysRange> taken, Notices& notices) {
    const PhysRange share = KX_TRY(share_of(wanted, pool, taken));
    if (share.size() < little)
        notices.add("{} MiB is little memory for a distribution's kernel; with less than {} MiB it may not reach its "
                    "init",
                    share.size() >> 20, little >> 20);
    return share;
}

std::optional<std::uint16_t> choose_console(const InstanceOptions& wanted, std::span<const std::uint16_t> taken,
                                            const SystemFiles& files, Notices& notices) {
    if (wanted.no_serial_port)
        return std::nullopt;
    const std::vector<SerialPort> ports = read_serial_ports(files);
    if (!wanted.serial_port) {
        const auto port = choose_serial_port(ports, taken);
        if (!port)
            notices.add("there is no serial port left for the instance: nothing will be seen of it (--serial-port=none "
                        "says that this is meant)");
        return port;
    }
    const std::uint16_t port = *wanted.serial_port;
    const auto host = std::ranges::find(ports, port, &SerialPort::io_port);
    if (host != ports.end() && host->host_console)
        notices.add("port {:#x} is the running kernel's console, too: both will write there", port);
    if (std::ranges::find(taken, port) != taken.end())
        notices.add("port {:#x} is another instance's console, too: both will write there", port);
    return port;
}

} // namespace kx
