// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/v1/verbs.h"

#include "include/uapi/multikernel.h"
#include "kexec/core/terminal_text.h"
#include "kexec/core/text.h"
#include "kexec/load/report.h"
#include "kexec/system/call_context.h"
#include "multikernel/v1/refusals.h"
#include "multikernel/core/kimage.h"
#include "multikernel/core/wish.h"
#include "multikernel/records/known_cpus.h"
#include "multikernel/records/lock.h"
#include "multikernel/v1/load.h"

#include <nlohmann/json.hpp>

namespace kx {
namespace {

using nlohmann::ordered_json;

Result<> refuse_what_v1_lacks(const Options& options) {
    const InstanceOptions& instance = options.instance;
    if (instance.id || !instance.name.empty())
        return fail(Errc::usage, "--mk-abi=v1: v1 kernels keep no ids and no names: say --multikernel alone");
    if (options.halt)
        return fail(Errc::unsupported,
                    "--mk-abi=v1: nothing stops a kernel that a v1 kernel has started: it ends by itself, or with the "
                    "machine");
    if (options.remove)
        return fail(Errc::unsupported, "--mk-abi=v1: v1 kernels know images only, no instances: -u --multikernel=all "
                                       "drops all images");
    if (instance.wait_seconds)
        return fail(Errc::usage, "--mk-abi=v1: --wait: v1 kernels do not tell whether the second kernel runs");
    if (options.unload && !instance.all)
        return fail(Errc::usage, "--mk-abi=v1: v1 kernels keep no ids and can only drop all images: say "
                                 "--multikernel=all");
    return {};
}

Result<int> status(Session& session) {
    const V1Record record = KX_TRY(read_v1_record(session.files));
    const auto kimage = session.files.read("proc/kimage");
    const auto rows = kimage ? parse_kimage(*kimage) : Result<std::vector<KimageRow>>(std::vector<KimageRow>{});
    if (session.options.json) {
        ordered_json json{{"schema", "kexec-instances-1"}, {"instances", ordered_json::array()}};
        json["v1"] = {{"memory", ordered_json::array()}, {"started", record.started}};
        for (const PhysRange& range : record.memory)
            json["v1"]["memory"].push_back({{"begin", range.begin}, {"end", range.end}});
        print(stdout, "{}\n", json_text(json));
        return exit_ok;
    }
    print(stdout, "v1 kernels keep no ids, and do not tell what runs. What this program did:\n");
    for (const PhysRange& range : record.memory)
        print(stdout, "  memory   {:#x}-{:#x} ({})\n", range.begin, range.end - 1, size_text(range.size()));
    for (const std::uint32_t cpu : record.started)
        print(stdout, "  started  on CPU {}\n", cpu);
    if (record == V1Record{})
        print(stdout, "  nothing\n");
    for (const KimageRow& row : KX_TRY(within(session.files.display("proc/kimage"), rows))) {
        if (row.type == "multikernel")
            print(stdout, "  image    entry {:#x}, {} segments (/proc/kimage)\n", row.entry, row.segments);
    }
    return exit_ok;
}

// Memory of a kernel that was started stays taken: it may be running.
Result<int> unload(Session& session) {
    V1Record record = KX_TRY(read_v1_record(session.files));
    if (session.options.dry_run) {
        print(stdout, "all images would be dropped\n");
        return exit_ok;
    }
    if (const auto dropped = session.kernel.load(0, {}, KEXEC_MULTIKERNEL); !dropped)
        return std::unexpected(refusal(v1_unload_call, dropped.error(), read_call_context(session.files, false)));
    if (record.started.empty())
        record.memory.clear();
    else
        session.notices.add("kernels were started: what was loaded so far stays taken, and is not given to another, "
                            "until the machine is reset");
    KX_TRY(write_v1_record(session.run_root, record));
    return exit_ok;
}

Result<int> start(Session& session) {
    const std::vector<Cpu> cpus = KX_TRY(v1_cpus(session));
    const std::string shown = text_of(std::span(cpus).first(1));
    if (session.options.dry_run) {
        print(stdout, "would be started on CPU {}\n", shown);
        return exit_ok;
    }
    V1Record record = KX_TRY(read_v1_record(session.files));
    const V1Record before = record;
    record.started.push_back(cpus.front().logical);
    KX_TRY(write_v1_record(session.run_root, record));
    if (const auto started = session.kernel.start_on_cpu(cpus.front().logical); !started) {
        KX_TRY(write_v1_record(session.run_root, before));
        CallContext context = read_call_context(session.files, false);
        context.cpus = shown;
        return std::unexpected(refusal(v1_start_call, started.error(), context));
    }
    print(stdout, "started on CPU {}\n", shown);
    return exit_ok;
}

} // namespace

Result<int> v1_verb(Session& session) {
    const Options& options = session.options;
    KX_TRY(refuse_what_v1_lacks(options));
    if (options.status)
        return status(session);
    std::optional<RunLock> lock;
    if (!options.dry_run) {
        lock = KX_TRY(take_lock(session.run_root));
        KX_TRY(remember_cpus(session.run_root, session.files));
    }
    if (options.unload)
        return unload(session);
    if (options.load)
        KX_TRY(load_into_v1(session, KX_TRY(read_v1_record(session.files))));
    if (options.start && !(options.load && options.dry_run))
        return start(session);
    return exit_ok;
}

} // namespace kx
