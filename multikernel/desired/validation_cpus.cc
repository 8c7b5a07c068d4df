// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/desired/validation_rules.h"

#include <algorithm>
#include <set>

namespace kx {
namespace {

constexpr std::size_t most_named = 8;

// Who gets which CPU.
struct CpuShare {
    std::string name;
    std::vector<std::uint64_t> cpus;
};

class CpuRules {
public:
    explicit CpuRules(Findings& findings) : findings_(findings) {}

    void check() {
        check_pool();
        for (const InstanceShare* share : findings_.left_alone())
            shares_.push_back({share->name, share->cpus});
        for (const DesiredInstance& instance : findings_.desired.instances)
            add(instance);
        for (std::size_t i = findings_.left_alone().size(); i < shares_.size(); i++)
            check_topology(shares_[i]);
        check_leftover();
    }

private:
    bool in_pool(const MachineCpu& cpu) const { return cpu.pool || pool_.contains(cpu.physical); }
    bool kept(const MachineCpu& cpu) const { return cpu.boot || host_.contains(cpu.physical); }

    const std::string* holder(std::uint64_t physical) const {
        for (const CpuShare& share : shares_)
            if (std::ranges::find(share.cpus, physical) != share.cpus.end())
                return &share.name;
        return nullptr;
    }

    // CPUs that an instance could have instead. Those that later instances ask for are not offered.
    std::string free_cpus() const {
        std::set<std::uint64_t> asked;
        for (const DesiredInstance& instance : findings_.desired.instances)
            for (const CpuName& name : instance.cpus)
                if (const MachineCpu* cpu = findings_.machine.find(name))
                    asked.insert(cpu->physical);
        std::string text;
        std::size_t count = 0;
        for (const MachineCpu& cpu : findings_.machine.cpus)
            if (in_pool(cpu) && !kept(cpu) && !holder(cpu.physical) && !asked.contains(cpu.physical) &&
                ++count <= most_named)
                text += fmt::format("{}{}", text.empty() ? "" : ", ", text_of(cpu));
        if (count > most_named)
            text += fmt::format(" and {} more", count - most_named);
        return text.empty() ? "no CPU of the pool is free" : "free: " + text;
    }

    std::string others() const {
        std::string text;
        std::size_t count = 0;
        for (const MachineCpu& cpu : findings_.machine.cpus)
            if (!cpu.boot && !cpu.pool && ++count <= most_named)
                text += fmt::format("{}{}", text.empty() ? "" : ", ", text_of(cpu));
        return text.empty() ? "the machine has no other CPU" : "the running kernel could give away: " + text;
    }

    void check_pool() {
        if (!findings_.desired.pool)
            return;
        const DesiredPool& pool = *findings_.desired.pool;
        for (const CpuName& name : pool.host_cpus)
            if (const MachineCpu* cpu = findings_.machine.find(name))
                host_.insert(cpu->physical);
        for (const CpuName& name : pool.cpus) {
            const MachineCpu* cpu = findings_.machine.find(name);
            if (!cpu)
                findings_.error("pool", fmt::format("this machine has no CPU {}", text_of(name)), others());
            else if (cpu->boot)
                findings_.error("pool", fmt::format("CPU {} is the running kernel's boot CPU", text_of(*cpu)),
                                others());
            else if (host_.contains(cpu->physical))
                findings_.error("pool", fmt::format("CPU {} is to stay with the running kernel", text_of(*cpu)),
                                "name it in one of the two lists");
            else if (!pool_.insert(cpu->physical).second)
                findings_.error("pool", fmt::format("CPU {} is named twice", text_of(*cpu)));
        }
    }

    void add(const DesiredInstance& instance) {
        const InstanceShare* own = findings_.machine.find(instance.name);
        if (instance.wanted() == DesiredStatus::absent)
            return;
        if (instance.cpus.empty()) {
            if (own)
                shares_.push_back({instance.name, own->cpus});
            return;
        }
        CpuShare share{instance.name, {}};
        for (const CpuName& name : instance.cpus)
            add(instance, name, share);
        shares_.push_back(std::move(share));
    }

    void add(const DesiredInstance& instance, const CpuName& name, CpuShare& share) {
        const std::string where = place_of(instance);
        const MachineCpu* cpu = findings_.machine.find(name);
        if (!cpu) {
            findings_.error(where, fmt::format("this machine has no CPU {}", text_of(name)), free_cpus());
            return;
        }
        if (std::ranges::find(share.cpus, cpu->physical) != share.cpus.end())
            findings_.error(where, fmt::format("CPU {} is named twice", text_of(*cpu)));
        else if (const std::string* other = holder(cpu->physical))
            findings_.error(where, fmt::format("CPU {} is instance {}'s", text_of(*cpu), *other), free_cpus());
        else if (cpu->boot)
            findings_.error(where, fmt::format("CPU {} is the running kernel's boot CPU", text_of(*cpu)), free_cpus());
        else if (host_.contains(cpu->physical))
            findings_.error(where, fmt::format("CPU {} is to stay with the running kernel", text_of(*cpu)),
                            free_cpus());
        else if (!in_pool(*cpu))
            findings_.error(where, fmt::format("CPU {} is not in the pool", text_of(*cpu)), free_cpus());
        else
            share.cpus.push_back(cpu->physical);
    }

    void check_topology(const CpuShare& share) {
        std::set<std::uint32_t> nodes;
        for (const std::uint64_t physical : share.cpus)
            if (const MachineCpu* cpu = findings_.machine.cpu(physical); cpu && cpu->numa_node)
                nodes.insert(*cpu->numa_node);
        const std::string where = "instance " + share.name;
        if (nodes.size() > 1)
            findings_.warning(where,
                              fmt::format("its CPUs are of {} NUMA nodes ({})", nodes.size(), fmt::join(nodes, ", ")),
                              "memory of another node is slower");
        for (const MachineCpu& sibling : findings_.machine.cpus) {
            const MachineCpu* mine = half_core_of(share, sibling);
            if (!mine)
                continue;
            const std::string* other = holder(sibling.physical);
            if (!other && in_pool(sibling))
                continue;
            findings_.warning(where,
                              fmt::format("CPU {} shares a core with CPU {}, which {} has", text_of(*mine),
                                          text_of(sibling), other ? "instance " + *other : "the running kernel"),
                              "each slows the other down, and can watch it through the core's caches");
        }
    }

    // The CPU of `share` whose core `sibling` sits on, too, without being of the share.
    const MachineCpu* half_core_of(const CpuShare& share, const MachineCpu& sibling) const {
        if (!sibling.core || std::ranges::find(share.cpus, sibling.physical) != share.cpus.end())
            return nullptr;
        for (const std::uint64_t physical : share.cpus)
            if (const MachineCpu* cpu = findings_.machine.cpu(physical); cpu && cpu->core == sibling.core)
                return cpu;
        return nullptr;
    }

    void check_leftover() {
        if (!findings_.desired.pool || findings_.desired.instances.empty())
            return;
        std::string left;
        for (const std::uint64_t physical : pool_)
            if (!holder(physical))
                left += fmt::format("{}{}", left.empty() ? "" : ", ", text_of(*findings_.machine.cpu(physical)));
        if (!left.empty())
            findings_.warning("pool", fmt::format("no instance has CPU {}", left),
                              "the running kernel cannot use it while it is in the pool");
    }

    Findings& findings_;
    std::set<std::uint64_t> pool_, host_;
    std::vector<CpuShare> shares_;
};

} // namespace

void check_cpus(Findings& findings) {
    CpuRules(findings).check();
}

} // namespace kx
