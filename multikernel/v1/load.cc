// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/v1/load.h"

#include "include/uapi/multikernel.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/memory_map.h"
#include "kexec/program/foreseen.h"
#include "kexec/program/load_wishes.h"
#include "kexec/system/call_context.h"
#include "multikernel/v1/refusals.h"
#include "multikernel/core/wish.h"
#include "multikernel/placed/load.h"
#include "multikernel/placed/share.h"
#include "multikernel/records/known_cpus.h"

#include <algorithm>

namespace kx {
namespace {

// Where the running kernel keeps nothing: it leaves all of the first MiB alone but for what it puts right below its
// end.
constexpr PhysRange low_memory_offered{0x10000, 0x90000};

// Their numbers were the same where both are known: so they are taken to be where only one is.
Result<Cpu> find_cpu(const CpuName& name, std::span<const Cpu> known, Notices& notices) {
    for (const Cpu& cpu : known) {
        if ((name.physical ? cpu.physical : cpu.logical) == name.number)
            return cpu;
    }
    if (known.empty() || std::ranges::any_of(known, [](const Cpu& cpu) { return cpu.logical != cpu.physical; }))
        return fail(Errc::not_found,
                    "--cpu: only one number of CPU {} is known, since it is offline: bring it online, run this again "
                    "(which takes its numbers down), and take it offline then",
                    text_of(name));
    notices.add("CPU {} is taken to have the same logical number and APIC id, as the CPUs that are online have",
                text_of(name));
    return Cpu{name.number, name.number};
}

Result<> check_offline(const SystemFiles& files, const Cpu& cpu) {
    const std::string name = text_of(std::span(&cpu, 1));
    if (cpu.logical == 0)
        return fail(Errc::unsupported, "CPU {} is the machine's boot CPU: it cannot be given away", name);
    const auto online = read_number(files, fmt::format("sys/devices/system/cpu/cpu{}/online", cpu.logical));
    if (!online)
        return fail(Errc::not_found, "CPU {} does not exist here, or cannot be taken offline: {}", name,
                    online.error().message);
    if (*online != 0)
        return fail(Errc::unsupported,
                    "CPU {} is online: the running kernel uses it; take it from there first: echo 0 > "
                    "/sys/devices/system/cpu/cpu{}/online",
                    name, cpu.logical);
    return {};
}

Result<std::vector<PoolRange>> read_pool(const SystemFiles& files, Notices& notices) {
    std::vector<PoolRange> pool = KX_TRY(read_memory_pool(files, notices));
    for (const IomemEntry& entry : KX_TRY(read_iomem(files))) {
        if (entry.name == "Multikernel Memory Pool")
            pool.push_back({entry.range, PoolSource::reserved_at_boot});
    }
    std::ranges::sort(pool, {}, [](const PoolRange& one) { return one.range.begin; });
    return pool;
}

Result<Instance> choose_v1(Session& session, const V1Record& record) {
    const InstanceOptions& wanted = session.options.instance;
    Instance instance;
    instance.cpus = KX_TRY(v1_cpus(session));
    for (const Cpu& cpu : KX_TRY(read_known_cpus(session.files))) {
        if (cpu.logical == 0)
            instance.host_boot_cpu = cpu.physical;
    }
    const std::vector<PoolRange> pool = KX_TRY(read_pool(session.files, session.notices));
    const std::vector<PhysRange> taken = normalized(record.memory);
    instance.memory = KX_TRY(choose_share(wanted.memory, pool, taken, session.notices));
    instance.low_memory = KX_TRY(choose_low_memory(std::span(&low_memory_offered, 1), taken));
    instance.serial_port = choose_console(wanted, {}, session.files, session.notices);
    return instance;
}

Result<> refuse_without_meaning(const Options& options) {
    if (options.load_by == LoadBy::files)
        return fail(Errc::usage, "--mk-abi=v1 does not go with -s: kernels with the first patches load by kexec_load");
    if (options.pool)
        return fail(Errc::usage,
                    "with --mk-abi=v1 the pool is memory that was reserved at boot or put offline: make it "
                    "with kexec --multikernel-pool=SIZE, without -l");
    return {};
}

Result<> load_image(Session& session, const PlacedInstance& placed) {
    const auto loaded =
        session.kernel.load(placed.load.entry, segments_of(placed), placed.load.kexec_arch | KEXEC_MULTIKERNEL);
    if (loaded)
        return {};
    return std::unexpected(refusal(v1_load_call, loaded.error(), read_call_context(session.files, false)));
}

} // namespace

Result<std::vector<Cpu>> v1_cpus(Session& session) {
    const auto& list = session.options.instance.cpus;
    if (!list)
        return fail(Errc::usage,
                    "--mk-abi=v1: which CPU? --cpu LIST, the boot CPU first: these kernels do not know which "
                    "CPUs an image is for");
    const std::vector<Cpu> known = KX_TRY(read_known_cpus(session.files));
    std::vector<Cpu> cpus;
    for (const CpuName& name : KX_TRY(within("--cpu", parse_cpu_list(*list)))) {
        const Cpu cpu = KX_TRY(find_cpu(name, known, session.notices));
        if (std::ranges::find(cpus, cpu) != cpus.end())
            return fail(Errc::usage, "--cpu: CPU {} is named twice", text_of(std::span(&cpu, 1)));
        KX_TRY(check_offline(session.files, cpu));
        cpus.push_back(cpu);
    }
    return cpus;
}

Result<> load_into_v1(Session& session, V1Record record) {
    const Options& options = session.options;
    KX_TRY(refuse_without_meaning(options));
    LoadInputs inputs = KX_TRY(open_inputs(input_wishes(session.options), session.files, session.notices));
    const Instance instance = KX_TRY(choose_v1(session, record));
    const PlacedInstance placed = KX_TRY(place_instance(session, inputs, instance));
    note_refusals(session, v1_load_call.system_call, foreseen_causes(v1_load_call, read_call_context(session.files, false)));
    KX_TRY(refuse_if_strict(session));
    LoadReport report = report_of(placed, inputs, options);
    if (options.dry_run) {
        report.notices = session.notices.texts();
        print(stdout, "{}", options.json ? json_of(report) : text_of(report));
        return {};
    }
    if (options.debug)
        print(stderr, "{}", text_of(report));

    record.memory.push_back(instance.memory);
    record.memory.push_back(instance.low_memory);
    const V1Record before = KX_TRY(read_v1_record(session.files));
    KX_TRY(write_v1_record(session.run_root, record));
    if (auto loaded = load_image(session, placed); !loaded) {
        KX_TRY(write_v1_record(session.run_root, before));
        return loaded;
    }
    // What is wrong with it cannot be dropped alone.
    KX_TRY(within("the image is loaded all the same (kexec -u --multikernel=all --mk-abi=v1 drops all images)",
                  inputs.unchanged()));
    if (options.json)
        print(stdout, "{}", json_of(report));
    else
        print(stdout, "{}", text_of(*report.instance, "loaded"));
    return {};
}

} // namespace kx
