// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/module/host_cpus.h"

#include <vector>

namespace kx {

std::string free_cpus_text(const MultikernelFacts& facts) {
    std::vector<Cpu> free;
    for (const HostCpu& host : facts.cpus) {
        if (!host.online && !host.instance && host.cpu.logical != 0)
            free.push_back(host.cpu);
    }
    if (free.empty())
        return "no CPU is offline; take one from the running kernel: echo 0 > /sys/devices/system/cpu/cpuN/online";
    return fmt::format("offline and free: {}", text_of(free));
}

Result<> check_cpus(std::span<const Cpu> cpus, const MultikernelFacts& facts, std::optional<std::uint32_t> own) {
    for (const Cpu& cpu : cpus) {
        const HostCpu* host = facts.find(CpuName{.physical = false, .number = cpu.logical});
        const std::string name = text_of(std::span(&cpu, 1));
        if (!host)
            return fail(Errc::not_found, "CPU {} does not exist here; {}", name, free_cpus_text(facts));
        if (cpu.logical == 0)
            return fail(Errc::unsupported, "CPU {} is the machine's boot CPU: it cannot be given away; {}", name,
                        free_cpus_text(facts));
        if (host->instance && host->instance != own)
            return fail(Errc::unsupported, "CPU {} belongs to instance {}", name, *host->instance);
        if (host->online)
            return fail(Errc::unsupported,
                        "CPU {} is online: the running kernel uses it; take it from there first: echo 0 > "
                        "/sys/devices/system/cpu/cpu{}/online",
                        name, cpu.logical);
    }
    return {};
}

} // namespace kx
