// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/verbs.h"

#include "include/uapi/kexec.h"
#include "kexec/arch/architecture.h"
#include "kexec/core/terminal_text.h"
#include "kexec/crash/facts.h"
#include "kexec/machine/capabilities.h"
#include "kexec/machine/machine.h"
#include "kexec/machine/xen.h"
#include "kexec/program/instance_status.h"
#include "kexec/system/call_context.h"
#include "kexec/system/network.h"
#include "multikernel/instance/view.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include <unistd.h>

namespace kx {
namespace {

using nlohmann::ordered_json;

void print_json(const ordered_json& json) {
    print(stdout, "{}\n", json_text(json));
}

// The files moved into a folder of their own in newer kernels.
Result<std::string> read_kexec_file(const SystemFiles& files, std::string_view name) {
    auto text = files.read(fmt::format("sys/kernel/kexec/{}", name));
    if (!text && text.error().code == Errc::not_found)
        text = files.read(fmt::format("sys/kernel/kexec_{}", name));
    if (!text && text.error().code == Errc::not_found && !files.list("sys/kernel"))
        return fail(Errc::not_found, "{} is missing: is /sys mounted?", files.display("sys/kernel"));
    if (!text && text.error().code == Errc::not_found)
        return fail(Errc::unsupported, "this kernel has no kexec: {} is missing",
                    files.display(fmt::format("sys/kernel/kexec_{}", name)));
    return text;
}

Result<bool> is_loaded(const SystemFiles& files, bool crash) {
    const std::string text = KX_TRY(read_kexec_file(files, crash ? "crash_loaded" : "loaded"));
    return !text.empty() && text[0] == '1';
}

} // namespace

bool no_crash_reservation(const SystemFiles& files) {
    const auto size = read_crash_size(files);
    if (size || size.error().code != Errc::not_found)
        return size && *size == 0;
    // A kernel without crash dumps would take the load for an ordinary one.
    const auto iomem = read_iomem(files);
    return iomem && ranges_named(*iomem, "Crash kernel").empty();
}

Result<int> unload(Session& session) {
    KX_TRY(refuse_xen(session.files));
    const bool crash = session.options.crash;
    const auto by_files = [&] {
        return session.kernel.load_files(-1, -1, "", uapi::kexec_file_unload | (crash ? uapi::kexec_file_on_crash : 0));
    };
    const auto by_segments = [&] {
        const auto name = read_architecture(session.files);
        const Architecture* architecture = name ? find_architecture(*name) : nullptr;
        const std::uint64_t arch = architecture ? architecture->kexec_arch : 0; // 0: that of the running kernel
        return session.kernel.load(0, {}, arch | (crash ? uapi::kexec_on_crash : 0));
    };

    Call call = Call::unload_files;
    SysResult<> dropped;
    if (session.options.load_by != LoadBy::segments)
        dropped = by_files();
    const bool cannot = !dropped && (dropped.error().value == ENOSYS || dropped.error().value == EINVAL);
    if (session.options.load_by == LoadBy::segments || (session.options.load_by == LoadBy::either && cannot)) {
        call = Call::unload;
        dropped = by_segments();
    }
    if (dropped)
        return exit_ok;
    CallContext context = read_call_context(session.files, crash);
    context.other_call_tried = call == Call::unload && session.options.load_by == LoadBy::either;
    const Error why = refusal(call, dropped.error(), context);
    if (session.options.load_by == LoadBy::files && dropped.error().value == ENOSYS) {
        print_message(stderr, "kexec", why.message);
        return exit_no_file_load;
    }
    return std::unexpected(why);
}

namespace {

// The next kernel knows nothing of them: it takes every CPU and all memory.
void note_instances(Session& session) {
    const MultikernelDialect dialect = multikernel_dialect(session.files);
    const auto instances = dialect == MultikernelDialect::none ? Result<std::vector<InstanceView>>{}
                                                               : read_instances(session.files, dialect);
    if (!instances || std::ranges::none_of(*instances, &InstanceView::active))
        return;
    if (dialect == MultikernelDialect::module)
        session.notices.add("kernels run beside this one: they are stopped before the next one starts");
    else
        session.notices.add(
            "kernels run beside this one, and the next one knows nothing of them: it is for this kernel "
            "to stop them; kexec --halt --multikernel=all does so first");
}

} // namespace

Result<int> start(Session& session) {
    KX_TRY(refuse_xen(session.files));
    if (const auto loaded = is_loaded(session.files, false); loaded && !*loaded) {
        print(stderr, "Nothing has been loaded! Load a kernel first: kexec -l KERNEL\n");
        return exit_usage;
    }
    if (session.options.sync)
        session.kernel.sync_filesystems();
    note_instances(session);
    session.notices.tell_from_now_on();
    if (session.options.interfaces_down)
        take_interfaces_down(session.notices);
    const auto started = session.kernel.start();
    if (!started)
        return std::unexpected(refusal(Call::start, started.error(), read_call_context(session.files, false)));
    return exit_ok;
}

Result<int> shut_down(Session& session) {
    session.notices.tell_from_now_on();
    for (const int number : {SIGPIPE, SIGXFSZ}) // main() ignores them; an ignored signal would be inherited
        std::signal(number, SIG_DFL);
    for (const char* shutdown : {"/sbin/shutdown", "/etc/shutdown", "/bin/shutdown"}) {
        execl(shutdown, "shutdown", "-r", "now", nullptr);
        if (errno != ENOENT)
            return fail(Errc::io, "{}: {}; the kernel is loaded: start it with kexec -e", shutdown,
                        std::strerror(errno));
    }
    return fail(Errc::not_found, "there is no shutdown program; the kernel is loaded: start it with kexec -e");
}

Result<int> status(Session& session) {
    if (const auto owned = refuse_xen(session.files); !owned)
        session.notices.add("what Xen has loaded is not known here: {}", owned.error().message);
    const bool crash = session.options.crash || !session.options.load_named;
    const bool loaded = KX_TRY(is_loaded(session.files, crash));
    if (session.options.json)
        print_json({{"schema", "kexec-status-1"}, {"image", crash ? "crash" : "normal"}, {"loaded", loaded}});
    return loaded ? 1 : 0;
}

namespace {

// Whatever a load, or --kho, may read besides the machine itself.
void read_for_loads(const SystemFiles& files) {
    read_for_instances(files);
    read_for_kho(files);
    Notices unused;
    const auto machine = read_machine(files, unused);
    read_crash_facts(files, machine.value_or(Machine{}), unused);
}

} // namespace

Result<int> capture(Session& session) {
    const std::string& folder = *session.options.capture_to;
    const auto written = KX_TRY(capture_machine(session.files, folder, session.notices, read_for_loads));
    print(stdout, "{} files were written to {}; plan for this machine with: kexec --machine={} KERNEL\n",
          written.size(), printable(folder), printable(folder));
    return exit_ok;
}

Result<int> print_crash_size(Session& session) {
    print(stdout, "{}", KX_TRY(read_kexec_file(session.files, "crash_size")));
    return exit_ok;
}

} // namespace kx
