// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/choice.h"

#include "include/uapi/multikernel.h"
#include "kexec/core/file.h"
#include "kexec/core/text.h"
#include "kexec/image/device_tree/device_tree.h"
#include "kexec/load/report.h"
#include "multikernel/core/free_id.h"
#include "multikernel/core/requests.h"
#include "multikernel/core/wish.h"
#include "multikernel/native/history.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::uint64_t usual_size = 256 << 20;
constexpr std::uint64_t little = 128 << 20;

std::string choice_of(const NativeInstance& instance) {
    return instance.name.empty() ? fmt::format("{}", instance.id) : instance.name;
}

std::string shown_of(const NativeInstance& instance) {
    return fmt::format("instance {} ({})", instance.id, instance.name);
}

std::string memory_text(std::uint64_t bytes) {
    return fmt::format("{} ({} bytes)", size_text(bytes), bytes);
}

// What a kernel would accept to its own harm, or could only refuse.
Result<> check_can_load(const NativeInstance& instance) {
    const std::string shown = shown_of(instance), choice = choice_of(instance);
    KX_TRY(refuse_if_left_alone(instance));
    if (instance.id > KEXEC_MK_ID_MAX)
        return fail(Errc::unsupported, "{} cannot be loaded: ids up to {} can be", shown, KEXEC_MK_ID_MAX);
    if (instance.active())
        return fail(Errc::unsupported,
                    "{} is running; stop it and drop its kernel first: kexec --halt --multikernel={}, then kexec -u "
                    "--multikernel={}",
                    shown, choice, choice);
    if (instance.status == "loaded")
        return fail(Errc::unsupported, "{} has a kernel already; drop it first: kexec -u --multikernel={}", shown,
                    choice);
    if (instance.status == "empty")
        return fail(Errc::unsupported,
                    "{} has no CPUs and no memory; remove it (kexec --remove --multikernel={}) and "
                    "let the load create it: --cpu LIST",
                    shown, choice);
    if (instance.status != "ready")
        return fail(Errc::unsupported, "{} is \"{}\": only one that is \"ready\" can be loaded", shown,
                    instance.status);
    if (instance.image)
        return fail(Errc::unsupported,
                    "{} is broken: an earlier load of it failed half way, and /proc/kimage has what that left. Remove "
                    "it (kexec "
                    "--remove --multikernel={}) and let the load create it anew",
                    shown, choice);
    if (!instance.unclear.empty())
        return fail(Errc::unsupported, "{}: {}, and the kernel loads only into the former", shown, instance.unclear);
    return {};
}

// --cpu and --memory about an instance that is there: assertions.
Result<> check_is_as_asked(const NativeInstance& instance, const Options& options, const NativeFacts& facts,
                           Notices& notices) {
    const InstanceOptions& wanted = options.instance;
    const std::string shown = shown_of(instance);
    if (wanted.device_tree)
        return fail(Errc::unsupported, "--instance-dtb is for an instance that the load creates; {} is there already",
                    shown);
    if (options.pool)
        return fail(Errc::unsupported,
                    "--multikernel-pool makes a pool for an instance that the load creates; {} is "
                    "there already",
                    shown);
    if (wanted.cpus) {
        auto asked = KX_TRY(physical_cpus(*wanted.cpus, facts, notices));
        auto has = instance.cpus;
        const bool same_first = !has.empty() && asked.front() == has.front();
        std::ranges::sort(asked);
        std::ranges::sort(has);
        if (asked != has || !same_first)
            return fail(Errc::unsupported, "{} has the CPUs {}, the boot CPU first, which is not what --cpu={} says",
                        shown, text_of(named_cpus(instance.cpus, facts)), *wanted.cpus);
    }
    if (wanted.memory && total_size(instance.memory) < wanted.memory->size)
        return fail(Errc::no_room, "{} has {} of memory, less than --memory asks for", shown,
                    memory_text(total_size(instance.memory)));
    return {};
}

std::string free_cpus_text(const NativeFacts& facts) {
    if (facts.pool.free_cpus.empty())
        return "no CPU of the pool is free; kexec --multikernel-pool shows them";
    return fmt::format("free in the pool: {}", text_of(named_cpus(facts.pool.free_cpus, facts)));
}

Result<> check_free(std::span<const std::uint64_t> cpus, const NativeFacts& facts) {
    for (const std::uint64_t cpu : cpus) {
        if (std::ranges::find(facts.pool.free_cpus, cpu) != facts.pool.free_cpus.end())
            continue;
        const std::string name = text_of(named_cpus(std::span(&cpu, 1), facts));
        for (const NativeInstance& instance : facts.instances) {
            if (std::ranges::find(instance.cpus, cpu) != instance.cpus.end())
                return fail(Errc::unsupported, "CPU {} belongs to {}", name, shown_of(instance));
        }
        return fail(Errc::unsupported, "CPU {} is not in the pool; {}", name, free_cpus_text(facts));
    }
    return {};
}

// The instance's memory where --memory does not say how much: as on a stock kernel.
Result<std::uint64_t> memory_size(const Options& options, std::uint64_t free) {
    if (options.instance.memory) {
        if (options.instance.memory->size > free)
            return fail(Errc::no_room, "--memory: {} are not free in the pool, only {} are",
                        size_text(options.instance.memory->size), memory_text(free));
        return options.instance.memory->size;
    }
    const std::uint64_t size = align_down(std::min(usual_size, free), page_size);
    if (size == 0)
        return fail(Errc::no_room, "no memory of the pool is free: kexec --multikernel-pool shows it");
    return size;
}

Result<DeviceTreeNode> chosen_of(const std::string& path) {
    const File file = KX_TRY(within("--instance-dtb", File::open(path)));
    const DeviceTreeNode root = KX_TRY(within(path, parse_device_tree(file.bytes().view())));
    if (const DeviceTreeNode* chosen = root.at("/chosen"))
        return *chosen;
    return fail(Errc::malformed, "{}: has no node /chosen, which is all that --instance-dtb takes from it here", path);
}

Result<> plan_pool(NativePlan& plan, const Options& options, const NativeFacts& facts,
                   const std::vector<std::uint64_t>& cpus) {
    if (facts.pool.made()) {
        if (options.pool)
            return fail(Errc::unsupported,
                        "there is a pool already; make it larger with kexec --multikernel-pool=SIZE, without -l");
        return {};
    }
    if (!options.pool)
        return fail(
            Errc::unsupported,
            "there is no pool of CPUs and memory for instances yet; give --multikernel-pool=SIZE with this load, "
            "or make it first: kexec --multikernel-pool=SIZE --cpu LIST");
    plan.pool = PoolRequest{.cpus = cpus, .memory = {{.size = *options.pool_size, .numa_node = {}}}, .devices = {}};
    return {};
}

Result<NativePlan> plan_new(const Options& options, const NativeFacts& facts, Notices& notices) {
    const InstanceOptions& wanted = options.instance;
    NativePlan plan;
    plan.id = wanted.id ? *wanted.id : KX_TRY(free_id(facts.instances));
    plan.name = wanted.name.empty() ? fmt::format("instance-{}", plan.id) : wanted.name;
    if (const NativeInstance* taken = facts.find(std::string_view(plan.name)))
        return fail(Errc::unsupported, "{} has the name that instance {} would get; choose one: --multikernel=NAME",
                    shown_of(*taken), plan.id);
    if (!wanted.cpus)
        return fail(Errc::usage, "which CPUs shall {} have? --cpu LIST; {}", plan.shown(), free_cpus_text(facts));
    const auto cpus = KX_TRY(physical_cpus(*wanted.cpus, facts, notices));
    KX_TRY(plan_pool(plan, options, facts, cpus));
    if (!plan.pool)
        KX_TRY(check_free(cpus, facts));
    const std::uint64_t free =
        plan.pool ? *options.pool_size - std::min(*options.pool_size, pool_park_size) : total_size(facts.free_memory());
    plan.memory_size = KX_TRY(memory_size(options, free));
    plan.cpus = named_cpus(cpus, facts);
    plan.create = InstanceRequest{.name = plan.name,
                                  .id = plan.id,
                                  .cpus = cpus,
                                  .memory_size = plan.memory_size,
                                  .numa_node = {},
                                  .pci_devices = {},
                                  .chosen = {}};
    if (wanted.device_tree)
        plan.create->chosen = KX_TRY(chosen_of(*wanted.device_tree));
    return plan;
}

} // namespace

std::string NativePlan::shown() const {
    return fmt::format("instance {} ({})", id, name);
}

std::vector<NamedCpu> named_cpus(std::span<const std::uint64_t> physical, const NativeFacts& facts) {
    std::vector<NamedCpu> named;
    for (const std::uint64_t cpu : physical)
        named.push_back({facts.logical_of(cpu), cpu});
    return named;
}

Result<std::vector<std::uint64_t>> physical_cpus(const std::string& list, const NativeFacts& facts, Notices& notices) {
    std::vector<std::uint64_t> cpus;
    for (const CpuName& name : KX_TRY(within("--cpu", parse_cpu_list(list)))) {
        bool assumed = false;
        const std::uint64_t cpu = KX_TRY(within("--cpu", facts.physical_of(name, assumed)));
        if (assumed)
            notices.add("CPU {} is taken to be the one with the APIC id {:#x}: nothing tells what it was called before "
                        "the pool took it",
                        text_of(name), cpu);
        if (std::ranges::find(cpus, cpu) != cpus.end())
            return fail(Errc::usage, "--cpu: CPU {} is named twice", text_of(name));
        cpus.push_back(cpu);
    }
    return cpus;
}

Result<NativePlan> plan_native(const Options& options, const NativeFacts& facts, Notices& notices) {
    const InstanceOptions& wanted = options.instance;
    if (wanted.memory && wanted.memory->address)
        return fail(Errc::usage, "--memory: this kernel chooses the place of an instance's memory itself: give its "
                                 "size only");
    const NativeInstance* there = wanted.id             ? facts.find(*wanted.id)
                                  : wanted.name.empty() ? nullptr
                                                        : facts.find(std::string_view(wanted.name));
    NativePlan plan;
    if (there) {
        KX_TRY(check_can_load(*there));
        KX_TRY(check_is_as_asked(*there, options, facts, notices));
        plan = {.id = there->id,
                .name = there->name,
                .cpus = named_cpus(there->cpus, facts),
                .memory_size = total_size(there->memory),
                .memory = there->memory,
                .created = there->created(),
                .pool = {},
                .create = {}};
    } else {
        plan = KX_TRY(plan_new(options, facts, notices));
    }
    if (plan.memory_size < little)
        notices.add("{} MiB is little memory for a distribution's kernel; with less than {} MiB it may not reach its "
                    "init",
                    plan.memory_size >> 20, little >> 20);
    return plan;
}

} // namespace kx
