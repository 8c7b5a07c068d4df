// SPDX-License-Identifier: GPL-2.0-or-later
#include "instance_choice.h"

#include "multikernel/host_cpus.h"
#include "multikernel/memory_choice.h"
#include "multikernel/record.h"
#include "multikernel/serial_ports.h"
#include "uapi/multikernel.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::uint64_t usual_size = 256 << 20;
constexpr std::uint64_t little = 128 << 20;

Result<std::uint32_t> choose_id(std::optional<std::uint32_t> wanted, const MultikernelFacts& facts) {
    if (wanted) {
        if (const InstanceFacts* taken = facts.find(*wanted))
            return fail(Errc::unsupported, "instance {} is there already ({}); choose another id, or {}", *wanted,
                        taken->status,
                        taken->active() ? fmt::format("stop and drop it: kexec --halt --multikernel={0}, then kexec -u "
                                                      "--multikernel={0}",
                                                      *wanted)
                                        : fmt::format("drop it: kexec -u --multikernel={}", *wanted));
        return *wanted;
    }
    for (std::uint32_t id = KEXEC_MK_ID_MIN; id <= KEXEC_MK_ID_MAX; ++id) {
        if (!facts.find(id))
            return id;
    }
    return fail(Errc::no_room, "all ids from {} to {} are taken", KEXEC_MK_ID_MIN, KEXEC_MK_ID_MAX);
}

Result<Cpu> find_cpu(const CpuName& name, const MultikernelFacts& facts) {
    if (const HostCpu* host = facts.find(name))
        return host->cpu;
    const std::string shown = name.physical ? fmt::format("apic:{:#x}", name.number) : fmt::format("{}", name.number);
    return fail(Errc::not_found, "CPU {} does not exist here; {}", shown, free_cpus_text(facts));
}

Result<std::vector<Cpu>> choose_cpus(const std::optional<std::string>& list, const MultikernelFacts& facts) {
    if (!list)
        return fail(Errc::usage, "which CPUs shall the instance have? --cpu LIST; {}", free_cpus_text(facts));
    std::vector<Cpu> cpus;
    for (const CpuName& name : KX_TRY(within("--cpu", parse_cpu_list(*list)))) {
        const Cpu cpu = KX_TRY(find_cpu(name, facts));
        if (std::ranges::find(cpus, cpu) != cpus.end())
            return fail(Errc::usage, "--cpu: CPU {} is named twice", text_of(std::span(&cpu, 1)));
        cpus.push_back(cpu);
    }
    KX_TRY(check_cpus(cpus, facts, std::nullopt));
    return cpus;
}

std::vector<PhysRange> taken_memory(const MultikernelFacts& facts) {
    std::vector<PhysRange> taken;
    for (const InstanceFacts& instance : facts.instances)
        taken.insert(taken.end(), instance.memory.begin(), instance.memory.end());
    return normalized(std::move(taken));
}

Result<PhysRange> choose_pool_memory(const std::optional<MemoryWish>& wanted, const SystemFiles& files,
                                     std::span<const PhysRange> taken, Notices& notices) {
    const std::vector<PoolRange> pool = KX_TRY(read_memory_pool(files, notices));
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

std::optional<std::uint16_t> choose_port(const InstanceOptions& wanted, const MultikernelFacts& facts,
                                         const SystemFiles& files, Notices& notices) {
    if (wanted.no_serial_port)
        return std::nullopt;
    std::vector<std::uint16_t> taken;
    for (const InstanceFacts& instance : facts.instances) {
        const auto record = read_instance_record(files, instance.id);
        if (record && record->serial_port)
            taken.push_back(*record->serial_port);
    }
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

} // namespace

Result<Instance> choose_instance(const InstanceOptions& wanted, const MultikernelFacts& facts, const SystemFiles& files,
                                 Notices& notices) {
    Instance instance;
    instance.id = KX_TRY(choose_id(wanted.id, facts));
    instance.cpus = KX_TRY(choose_cpus(wanted.cpus, facts));
    if (const HostCpu* boot_cpu = facts.find(CpuName{.physical = false, .number = 0}))
        instance.host_boot_cpu = boot_cpu->cpu.physical;
    const std::vector<PhysRange> taken = taken_memory(facts);
    instance.memory = KX_TRY(choose_pool_memory(wanted.memory, files, taken, notices));
    if (instance.memory.size() < little)
        notices.add("{} MiB is little memory for a distribution's kernel; with less than {} MiB it may not reach its "
                    "init",
                    instance.memory.size() >> 20, little >> 20);
    instance.low_memory = KX_TRY(choose_low_memory(facts.low_memory, taken));
    instance.serial_port = choose_port(wanted, facts, files, notices);
    instance.tsc_khz = facts.tsc_khz;
    return instance;
}

} // namespace kx
