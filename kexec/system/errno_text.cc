// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/system/errno_text.h"

#include "kexec/system/errno_causes.h"

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
    case Call::load_instance:
        return "kexec_load with KEXEC_MULTIKERNEL";
    case Call::unload_instance:
        return "unloading by kexec_load with KEXEC_MULTIKERNEL";
    case Call::assign_memory:
        return "assigning the memory";
    case Call::assign_cpus:
        return "assigning the CPUs";
    case Call::start_instance:
        return "starting by reboot with LINUX_REBOOT_CMD_MULTIKERNEL";
    case Call::halt_instance:
        return "stopping by reboot with LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT";
    case Call::load_native:
        return "kexec_file_load with KEXEC_MULTIKERNEL";
    case Call::unload_native:
        return "unloading by kexec_file_load with KEXEC_MULTIKERNEL";
    case Call::start_native:
        return "starting by reboot with LINUX_REBOOT_CMD_MULTIKERNEL";
    case Call::halt_native:
        return "asking it to stop, by reboot with LINUX_REBOOT_CMD_MULTIKERNEL_HALT,";
    case Call::force_halt_native:
        return "stopping by reboot with LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT";
    case Call::load_v1:
        return "kexec_load with KEXEC_MULTIKERNEL (v1)";
    case Call::unload_v1:
        return "dropping all images by kexec_load with KEXEC_MULTIKERNEL (v1)";
    case Call::start_v1:
        return "starting by reboot with LINUX_REBOOT_CMD_MULTIKERNEL (v1)";
    }
    return "the system call";
}

std::string name_of(int error) {
    if (const char* name = strerrorname_np(error))
        return fmt::format("{} ({})", strerrordesc_np(error), name);
    return fmt::format("errno {}", error);
}

Errc code_of(Call call, int error) {
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
        return call == Call::start ? Errc::not_found : Errc::unsupported;
    default:
        return Errc::io;
    }
}

} // namespace

std::string explain(Call call, Errno error, const CallContext& context) {
    auto text = fmt::format("{}{}{} failed: {}", context.instance, context.instance.empty() ? "" : ": ",
                            name_of(call, context.crash), name_of(error.value));
    const auto causes = causes_of(call, error.value, context);
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

Error refusal(Call call, Errno error, const CallContext& context) {
    return Error{code_of(call, error.value), explain(call, error, context)};
}

} // namespace kx
