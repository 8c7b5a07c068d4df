// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/system/errno_text.h"

#include "kexec/system/errno_causes.h"
#include "kexec/system/instance_call.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kx {

namespace {

std::string_view name_of(Call call, bool crash) {
    switch (call) {
    case Call::load_segments:
        return crash ? "kexec_load of a crash kernel" : "kexec_load";
    case Call::load_files:
        return crash ? "kexec_file_load of a crash kernel" : "kexec_file_load";
    case Call::unload:
        return crash ? "unloading the crash kernel by kexec_load" : "unloading by kexec_load";
    case Call::unload_files:
        return crash ? "unloading the crash kernel by kexec_file_load" : "unloading by kexec_file_load";
    case Call::start:
        return "starting the loaded kernel by reboot";
    }
    return "the system call";
}

std::string name_of(int error) {
    if (const char* name = strerrorname_np(error))
        return fmt::format("{} ({})", strerrordesc_np(error), name);
    return fmt::format("errno {}", error);
}

Errc code_of(int error) {
    switch (error) {
    case EPERM:
    case EACCES:
        return Errc::denied;
    case ENOKEY:
    case EKEYREJECTED:
    case EKEYEXPIRED:
    case EKEYREVOKED:
    case ENODATA:
    case ENOPKG:
    case ELIBBAD:
    case EBADMSG:
    case EMSGSIZE:
        return Errc::denied;
    case ENOSYS:
    case EOPNOTSUPP:
        return Errc::unsupported;
    case ENOEXEC:
        return Errc::not_this_format;
    case ENOMEM:
    case EADDRNOTAVAIL:
        return Errc::no_room;
    case ENOENT:
        return Errc::not_found;
    case EINVAL:
        return Errc::unsupported;
    default:
        return Errc::io;
    }
}

std::string sentences(std::string_view call, int error, const std::vector<Cause>& causes, const CallContext& context) {
    auto text = fmt::format("{}{}{} failed: {}", context.instance, context.instance.empty() ? "" : ": ", call,
                            name_of(error));
    if (causes.empty())
        return text + ": not an answer that this call is known to give; look for its reason in the kernel log (dmesg), "
                      "and run again with -d.";

    const auto proven = std::ranges::find_if(causes, &Cause::proven);
    if (proven != causes.end() || causes.size() == 1) {
        const auto& only = proven != causes.end() ? *proven : causes.front();
        return fmt::format("{}: {}; {}.", text, only.what, only.remedy);
    }
    text += ". Possible causes, most likely first:";
    for (const auto& cause : causes)
        text += fmt::format("{} {} ({})", &cause == &causes.front() ? "" : ";", cause.what, cause.remedy);
    return text + ".";
}

} // namespace

std::string explain(Call call, Errno error, const CallContext& context) {
    return sentences(name_of(call, context.crash), error.value, causes_of(call, error.value, context), context);
}

std::string explain(const InstanceCall& call, Errno error, const CallContext& context) {
    return sentences(call.name, error.value, causes_of(call, error.value, context), context);
}

Error refusal(Call call, Errno error, const CallContext& context) {
    const bool nothing_loaded = call == Call::start && error.value == EINVAL;
    return Error{nothing_loaded ? Errc::not_found : code_of(error.value), explain(call, error, context)};
}

Error refusal(const InstanceCall& call, Errno error, const CallContext& context) {
    return Error{code_of(error.value), explain(call, error, context)};
}

} // namespace kx
