// SPDX-License-Identifier: GPL-2.0-or-later
#include "include/uapi/kexec.h"
#include "kexec/cli/terminal_width.h"
#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "kexec/core/wrapped_text.h"
#include "kexec/load/report.h"
#include "kexec/machine/capabilities.h"
#include "kexec/machine/kho.h"
#include "kexec/machine/multikernel.h"
#include "kexec/program/check_crash.h"
#include "kexec/program/verbs.h"
#include "multikernel/core/isolation.h"
#include "multikernel/native/filesystem.h"
#include "multikernel/native/pool_advice.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include <unistd.h>

namespace kx {
namespace {

using nlohmann::ordered_json;

Capability* find(std::vector<Capability>& capabilities, std::string_view name) {
    const auto found = std::ranges::find(capabilities, name, &Capability::name);
    return found == capabilities.end() ? nullptr : &*found;
}

// A load limit would count the calls, so the kernel must be known to have none; without the right to load they tell
// nothing.
bool may_probe(const Session& session, std::vector<Capability>& capabilities) {
    const auto holds = [&](std::string_view name, CapabilityState state) {
        const Capability* row = find(capabilities, name);
        return row && row->state == state;
    };
    return !session.options.dry_run && holds(capability_names::may_load, CapabilityState::yes) &&
           holds(capability_names::normal_load_limit, CapabilityState::no);
}

void amend(Capability* row, SysResult<> answer, int harmless) {
    if (!row || answer)
        return;
    const int error = answer.error().value;
    row->learned_from = fmt::format("{}(2): {}", row->name, strerrorname_np(error));
    if (error == harmless) {
        row->state = CapabilityState::yes;
        row->finding = fmt::format("{} is there and may be called.", row->name);
        row->advice.clear();
    } else if (error == ENOSYS) {
        row->state = CapabilityState::no;
        row->finding = fmt::format("The running kernel has no {}.", row->name);
    } else {
        row->state = CapabilityState::limited;
        row->finding = fmt::format("{} is there and refuses every load now: {}.", row->name, std::strerror(error));
    }
}

// No kernel can take these calls for a load: too many segments for an architecture that there is not, and no files.
void probe(Session& session, std::vector<Capability>& capabilities) {
    constexpr std::uint64_t no_architecture = 0xfffe0000;
    const std::vector<KernelSegment> too_many(uapi::kexec_segment_max + 1);
    amend(find(capabilities, capability_names::kexec_load), session.kernel.load(0, too_many, no_architecture), EINVAL);
    amend(find(capabilities, capability_names::kexec_file_load), session.kernel.load_files(-1, -1, "", 0), EBADF);
}

// What --mk-abi=auto comes to, and how much there is for instances.
void describe_multikernel(Session& session, Capability* row) {
    const MultikernelDialect dialect = multikernel_dialect(session.files);
    if (!row || dialect == MultikernelDialect::none)
        return;
    row->finding += fmt::format(" Interface (--mk-abi): {}.", name_of(dialect));
    const auto facts = dialect == MultikernelDialect::native ? read_native_facts(session.files) : Result<NativeFacts>{};
    if (dialect != MultikernelDialect::native || row->state != CapabilityState::yes)
        return;
    if (!facts) {
        row->finding += fmt::format(" Its file system is mounted, and cannot be read: {}.", facts.error().message);
        return;
    }
    std::uint64_t memory = 0;
    for (const PoolChunk& chunk : facts->pool.chunks)
        memory += chunk.range.size();
    row->finding +=
        fmt::format(" Its file system is mounted; {}; {} instance{}.",
                    facts->pool.made() ? fmt::format("the pool has {} and {} CPU{}", size_text(memory),
                                                     facts->pool.cpus.size(), facts->pool.cpus.size() == 1 ? "" : "s")
                                       : "there is no pool yet",
                    facts->instances.size(), facts->instances.size() == 1 ? "" : "s");
    if (!facts->pool.made())
        row->advice = "kexec --multikernel-pool=SIZE --cpu LIST makes the pool";
    if (!facts->pool.made() && needs_movable_zone(session.files))
        row->advice += "; " + pool_memory_advice(session.files);
    if (const std::string by = kho_is_on_by(session.files); !by.empty()) {
        row->state = CapabilityState::limited;
        row->finding += fmt::format(" Kexec handover (KHO) is on ({}): instances' kernels panic early beside it.", by);
        row->advice = "boot with kho=off";
    }
    for (const NativeInstance& instance : facts->instances)
        if (!instance.left_alone.empty())
            row->finding += fmt::format(" Instance {} ({}): {}; leave it alone until the next boot.", instance.id,
                                        instance.name, instance.left_alone);
}

// In full where instances can be loaded.
void add_isolation(std::vector<Capability>& capabilities) {
    const Capability* multikernel = find(capabilities, capability_names::multikernel);
    if (!multikernel || multikernel->state == CapabilityState::no)
        return;
    for (const SharedThing& thing : shared_by_instances)
        capabilities.push_back({.name = fmt::format("instances apart: {}", thing.name),
                                .state = CapabilityState::no,
                                .finding = std::string(thing.consequence),
                                .learned_from = {},
                                .advice = {},
                                .topic = capability_topics::multikernel});
}

constexpr std::size_t name_width = 28;
constexpr std::size_t state_width = 8;
constexpr std::size_t finding_at = name_width + 1 + state_width + 1;

void add_row(std::string& text, const Capability& row, std::size_t width) {
    text += fmt::format("{:<{}} {:<{}} {}\n", row.name, name_width, name_of(row.state), state_width,
                        wrapped(printable(row.finding), finding_at, width));
    const auto below = [&](const std::string& what) {
        text += fmt::format("{:{}}{}\n", "", finding_at, wrapped(printable(what), finding_at, width));
    };
    if (!row.advice.empty())
        below(row.advice);
    if (!row.learned_from.empty())
        below(fmt::format("({})", row.learned_from));
}

// A paragraph for each topic.
std::string text_of(const std::vector<Capability>& capabilities, std::size_t width) {
    std::string text;
    for (const std::string_view topic : capability_topics::all) {
        std::string rows;
        for (const Capability& row : capabilities)
            if (row.topic == topic)
                add_row(rows, row, width);
        if (!rows.empty())
            text += fmt::format("{}{}:\n{}", text.empty() ? "" : "\n", topic, rows);
    }
    return text;
}

std::string json_of(const std::vector<Capability>& capabilities) {
    ordered_json json{{"schema", "kexec-check-1"}, {"capabilities", ordered_json::array()}};
    for (const Capability& row : capabilities)
        json["capabilities"].push_back({{"name", row.name},
                                        {"topic", row.topic},
                                        {"state", name_of(row.state)},
                                        {"finding", row.finding},
                                        {"learned_from", row.learned_from},
                                        {"advice", row.advice}});
    return json_text(json) + "\n";
}

} // namespace

Result<int> check(Session& session) {
    std::vector<Capability> capabilities = read_capabilities(session.files);
    if (may_probe(session, capabilities))
        probe(session, capabilities);
    describe_multikernel(session, find(capabilities, capability_names::multikernel));
    capabilities.push_back(crash_kernel_capability(session.files));
    add_isolation(capabilities);
    if (const auto& topic = session.options.check_topic)
        std::erase_if(capabilities, [&](const Capability& row) { return row.topic != *topic; });
    print(stdout, "{}", session.options.json ? json_of(capabilities) : text_of(capabilities, columns(STDOUT_FILENO)));
    return exit_ok;
}

} // namespace kx
