// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/program/foreseen.h"

#include "kexec/core/command_line.h"
#include "kexec/image/signature.h"
#include "kexec/loader/formats.h"
#include "kexec/machine/capabilities.h"
#include "kexec/machine/kho.h"
#include "kexec/machine/platform.h"
#include "kexec/system/call_context.h"
#include "kexec/system/errno_causes.h"

#include <optional>

namespace kx {
namespace {

std::string_view name_of(Call call) {
    return call == Call::load_files || call == Call::load_spawn ? "kexec_file_load" : "kexec_load";
}

// What kexec_file_load has to find room for at least.
std::uint64_t size_of_files(const LoadInputs& inputs) {
    return inputs.kernel.bytes().size() + (inputs.initrd ? inputs.initrd->bytes().size() : 0);
}

} // namespace

CallContext context_of_load(Session& session, Call call, const LoadInputs& inputs) {
    CallContext context = read_call_context(session.files, session.options.crash && !is_about_instance(call));
    const LoadRequest& request = inputs.request;
    context.command_line_size = request.command_line.size();
    context.kernel_file = request.kernel.path;
    if (request.initrd)
        context.initrd_file = request.initrd->path;
    if (const auto image = describe_image(request.kernel.bytes.view()))
        context.command_line_limit = image->command_line_limit;
    context.image_signed = carries_signature(request.kernel.bytes.view());
    if (call == Call::load_files)
        context.segments_size = size_of_files(inputs);
    return context;
}

void note_refusals(Session& session, Call call, const CallContext& context) {
    if (!session.options.dry_run)
        return;
    for (const Capability& row : read_capabilities(session.files))
        if (row.name == name_of(call) && row.state == CapabilityState::no)
            session.notices.add_once(fmt::format(
                "{} would be refused here: {}; {}", row.name,
                std::string_view(row.finding).substr(0, row.finding.find_last_not_of('.') + 1), row.advice));
    for (const Cause& cause : foreseen_causes(call, context))
        session.notices.add_once(
            fmt::format("{} would be refused here: {}; {}", name_of(call), cause.what, cause.remedy));
}

void note_consequences(Session& session, Call call, const LoadInputs& inputs) {
    const Platform platform = read_platform(session.files);
    const bool crash = session.options.crash;
    if (!platform.confidential_guest.empty())
        session.notices.add_once(confidential_guest_text(platform));
    if (crash && platform.memory_encrypted && parameter_value(inputs.request.command_line, "mem_encrypt") != "on")
        session.notices.add_once(
            "the running kernel encrypts its memory (mem_encrypt=on): the crash kernel is not told "
            "mem_encrypt=on as well, and will find nothing readable in it");
    if (call == Call::load_segments && !crash && session.files.list(kho_folder))
        session.notices.add("kexec handover (KHO) is on, and kexec_load hands nothing over: what was preserved for the "
                            "next kernel is lost; kexec_file_load (-s) hands it over");
}

bool may_try_debug_flag(Session& session) {
    const auto left = read_load_limit(session.files, session.options.crash);
    const int calls = 2 + (session.options.unload ? 1 : 0) + (session.options.load_by == LoadBy::either ? 1 : 0);
    return left && (*left < 0 || *left >= calls);
}

} // namespace kx
