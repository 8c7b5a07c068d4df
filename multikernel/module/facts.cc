// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/module/facts.h"

#include "include/uapi/multikernel.h"
#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/memory_map.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::string_view folder = "sys/fs/multikernel";
constexpr std::size_t most_lines = 100'000;

InstanceFacts& instance_of(MultikernelFacts& facts, std::uint32_t id) {
    const auto found = std::ranges::lower_bound(facts.instances, id, {}, &InstanceFacts::id);
    if (found != facts.instances.end() && found->id == id)
        return *found;
    return *facts.instances.insert(found, InstanceFacts{.id = id});
}

Result<std::uint64_t> take_number(std::string_view& line, std::uint64_t most) {
    const std::string_view word = take_word(line);
    const auto number = number_in(word);
    if (!number || *number > most)
        return fail(Errc::malformed, "\"{}\" where a number up to {} should be", word.substr(0, 40), most);
    return *number;
}

Result<std::uint32_t> take_u32(std::string_view& line) {
    return static_cast<std::uint32_t>(KX_TRY(take_number(line, UINT32_MAX)));
}

Result<std::uint32_t> take_id(std::string_view& line) {
    const auto id = static_cast<std::uint32_t>(KX_TRY(take_number(line, KEXEC_MK_ID_MAX)));
    if (id < KEXEC_MK_ID_MIN)
        return fail(Errc::malformed, "no instance has the id {}", id);
    return id;
}

Result<> expect_word(std::string_view& line, std::string_view wanted) {
    const std::string_view word = take_word(line);
    if (word != wanted)
        return fail(Errc::malformed, "\"{}\" where \"{}\" should be", word.substr(0, 40), wanted);
    return {};
}

// "1 apic 0x1 offline", "2 apic 0x2 instance 7"
Result<> take_cpu(MultikernelFacts& facts, std::string_view& line) {
    HostCpu host;
    host.cpu.logical = KX_TRY(take_u32(line));
    KX_TRY(expect_word(line, "apic"));
    host.cpu.physical = KX_TRY(take_u32(line));
    const std::string_view state = take_word(line);
    host.online = state == "online";
    if (state == "instance") {
        host.instance = KX_TRY(take_id(line));
        instance_of(facts, *host.instance).cpus.push_back(host.cpu.logical);
    } else if (state != "online" && state != "offline") {
        return fail(Errc::malformed, "\"{}\" is no state of a CPU", state.substr(0, 40));
    }
    facts.cpus.push_back(host);
    return {};
}

// "0x20000000-0x27ffffff instance 7"
Result<> take_memory(MultikernelFacts& facts, std::string_view& line) {
    const auto range = KX_TRY(parse_inclusive_range(take_word(line)));
    KX_TRY(expect_word(line, "instance"));
    instance_of(facts, KX_TRY(take_id(line))).memory.push_back(range);
    return {};
}

Result<> take_pool_line(MultikernelFacts& facts, std::string_view line) {
    const std::string_view key = take_word(line);
    if (key == "tsc_khz")
        facts.tsc_khz = KX_TRY(take_number(line, UINT64_MAX));
    else if (key == "low")
        facts.low_memory.push_back(KX_TRY(parse_inclusive_range(take_word(line))));
    else if (key == "cpu")
        KX_TRY(take_cpu(facts, line));
    else if (key == "memory")
        KX_TRY(take_memory(facts, line));
    else
        return {};
    if (const std::string_view more = take_word(line); !more.empty())
        return fail(Errc::malformed, "\"{}\" behind the end of \"{}\"", more.substr(0, 40), key);
    return {};
}

Result<> refuse_same_cpu_twice(const MultikernelFacts& facts) {
    for (const auto name : {&Cpu::logical, &Cpu::physical}) {
        std::vector<std::uint32_t> numbers;
        for (const HostCpu& host : facts.cpus)
            numbers.push_back(host.cpu.*name);
        std::ranges::sort(numbers);
        if (const auto twice = std::ranges::adjacent_find(numbers); twice != numbers.end())
            return fail(Errc::malformed, "two CPUs are called {}",
                        text_of(CpuName{.physical = name == &Cpu::physical, .number = *twice}));
    }
    return {};
}

// The numbers of instances/ID/cpus, in their order: the first is the boot CPU.
Result<std::vector<std::uint32_t>> read_cpus(const SystemFiles& files, const std::string& path) {
    const std::string text = KX_TRY(read_value(files, path));
    std::vector<std::uint32_t> cpus;
    if (text.empty())
        return cpus;
    const auto names = parse_cpu_list(text);
    if (!names)
        return fail(Errc::malformed, "{}: {}", files.display(path), names.error().message);
    for (const CpuName& name : *names) {
        if (name.physical)
            return fail(Errc::malformed, "{}: names {}, not a logical number", files.display(path), text_of(name));
        cpus.push_back(name.number);
    }
    return cpus;
}

Result<std::vector<PhysRange>> read_ranges(const SystemFiles& files, const std::string& path) {
    const std::string text = KX_TRY(files.read(path));
    std::vector<PhysRange> ranges;
    std::string_view rest = text;
    for (std::string_view word = take_word(rest); !word.empty(); word = take_word(rest))
        ranges.push_back(KX_TRY(within(files.display(path), parse_inclusive_range(word))));
    return normalized(std::move(ranges));
}

Result<InstanceFacts> read_instance(const SystemFiles& files, std::uint32_t id) {
    const auto path = [id](std::string_view name) { return fmt::format("{}/instances/{}/{}", folder, id, name); };
    InstanceFacts instance{.id = id};
    instance.status = KX_TRY(read_value(files, path("status")));
    if (instance.status != "loaded" && instance.status != "active" && instance.status != "halted")
        return fail(Errc::malformed, "{}: \"{}\" is no status of an instance", files.display(path("status")),
                    std::string_view(instance.status).substr(0, 80));
    instance.stage = KX_TRY(read_value(files, path("stage")));
    instance.cpus = KX_TRY(read_cpus(files, path("cpus")));
    instance.memory = KX_TRY(read_ranges(files, path("memory")));
    return instance;
}

Result<std::vector<InstanceFacts>> read_instances(const SystemFiles& files) {
    const auto path = fmt::format("{}/instances", folder);
    std::vector<InstanceFacts> instances;
    for (const std::string& name : KX_TRY(numbered_entries(files, path, KEXEC_MK_ID_MAX))) {
        const auto id = static_cast<std::uint32_t>(*number_in(name));
        if (id < KEXEC_MK_ID_MIN || id > KEXEC_MK_ID_MAX || name.starts_with('0'))
            return fail(Errc::malformed, "{}/{}: is no id of an instance", files.display(path), name);
        auto instance = read_instance(files, id);
        if (!instance && instance.error().code == Errc::not_found)
            continue;
        instances.push_back(KX_TRY(std::move(instance)));
    }
    return instances;
}

Result<> add_images(const SystemFiles& files, MultikernelFacts& facts) {
    constexpr std::string_view path = "proc/kimage";
    const auto text = files.read(path);
    if (!text && text.error().code == Errc::not_found)
        return {};
    if (!text)
        return std::unexpected(text.error());
    for (KimageRow& row : KX_TRY(within(files.display(path), parse_kimage(*text))))
        for (InstanceFacts& instance : facts.instances)
            if (row.type == "multikernel" && row.id == instance.id)
                instance.image = row;
    return {};
}

Result<> refuse_other_dialects(const SystemFiles& files) {
    const auto abi = fmt::format("{}/abi", folder);
    switch (multikernel_dialect(files)) {
    case MultikernelDialect::module:
        return {};
    case MultikernelDialect::native:
        return fail(Errc::unsupported, "this is a multikernel kernel: it has no {}, but instances of its own",
                    files.display(abi));
    case MultikernelDialect::none:
        break;
    }
    if (const auto other = read_value(files, abi))
        return fail(Errc::unsupported,
                    "{}: says \"{}\", not \"{}\"; load the multikernel.ko that came with this program",
                    files.display(abi), std::string_view(*other).substr(0, 40), MULTIKERNEL_MODULE_ABI);
    return fail(Errc::unsupported,
                "this kernel is not known to run others beside it: load the module multikernel.ko into it, or boot a "
                "multikernel kernel; for one with the first multikernel patches, which cannot be recognised, say "
                "--mk-abi=v1 (doc/multikernel.md)");
}

} // namespace

const InstanceFacts* MultikernelFacts::find(std::uint32_t id) const {
    const auto found = std::ranges::find(instances, id, &InstanceFacts::id);
    return found == instances.end() ? nullptr : &*found;
}

const HostCpu* MultikernelFacts::find(const CpuName& name) const {
    const auto found = std::ranges::find_if(cpus, [&](const HostCpu& host) {
        return (name.physical ? host.cpu.physical : host.cpu.logical) == name.number;
    });
    return found == cpus.end() ? nullptr : &*found;
}

Result<MultikernelFacts> parse_pool(std::string_view text, std::string_view file) {
    MultikernelFacts facts;
    for (std::size_t number = 1; !text.empty(); number++) {
        const auto where = fmt::format("{}: line {}", file, number);
        if (number > most_lines)
            return fail(Errc::malformed, "{}: more lines than any machine needs", where);
        KX_TRY(within(where, take_pool_line(facts, take_line(text))));
    }
    KX_TRY(within(file, refuse_same_cpu_twice(facts)));
    std::ranges::sort(facts.cpus, {}, [](const HostCpu& host) { return host.cpu.logical; });
    facts.low_memory = normalized(std::move(facts.low_memory));
    for (InstanceFacts& instance : facts.instances)
        instance.memory = normalized(std::move(instance.memory));
    return facts;
}

Result<MultikernelFacts> read_multikernel_facts(const SystemFiles& files) {
    KX_TRY(refuse_other_dialects(files));
    const auto pool = fmt::format("{}/pool", folder);
    const std::string text = KX_TRY(files.read(pool));
    MultikernelFacts facts = KX_TRY(parse_pool(text, files.display(pool)));
    facts.instances = KX_TRY(read_instances(files));
    KX_TRY(add_images(files, facts));
    return facts;
}

} // namespace kx
