// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/system/errno_causes.h"

#include "include/uapi/kexec.h"
#include "kexec/core/text.h"
#include "kexec/machine/platform.h"
#include "kexec/system/instance_call.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace kx {

namespace {

using Causes = std::vector<Cause>;

bool is_load(Call call) {
    return call == Call::load_segments || call == Call::load_files;
}
bool by_files(Call call) {
    return call == Call::load_files || call == Call::unload_files;
}
std::string name_of_file(const std::string& path, const char* otherwise) {
    return path.empty() ? otherwise : path;
}
std::string kernel_of(const CallContext& context) {
    return name_of_file(context.kernel_file, "the kernel file");
}
std::string files_of(const CallContext& context) {
    return kernel_of(context) + (context.initrd_file.empty() ? "" : " or " + context.initrd_file);
}
// What to do where the other of the two calls may do it: nothing is advised that was tried already, or that is known
// not to help.
std::string use_other(const CallContext& context, const char* advice, const char* otherwise) {
    return context.other_call_tried || !context.other_call_does.value_or(true) ? otherwise : advice;
}
// What may be advised besides: only where the other call is known to do it.
std::string besides_other(const CallContext& context, const char* advice, const char* remedy) {
    return context.other_call_does.value_or(false) ? fmt::format("{}, or {}", advice, remedy) : remedy;
}
constexpr const char* room_by_segments = "use -c: by kexec_load there is room for it";
Cause filtered() {
    return {"a container or seccomp filter forbids the call",
            "run it on the host itself, outside any container or service with a system call filter"};
}

void add_rights(Causes& causes, const CallContext& context) {
    if (!context.may_boot.value_or(false))
        causes.push_back({"this process lacks CAP_SYS_BOOT", "run it as root", context.may_boot.has_value()});
}

void add_limits(Causes& causes, bool counted, const CallContext& context) {
    if (context.load_disabled.value_or(true))
        causes.push_back({"kernel.kexec_load_disabled is 1 and stays so until the machine reboots through its firmware",
                          "remove what sets it (/etc/sysctl.d, a boot script) and reboot",
                          context.load_disabled.has_value()});
    if (counted && context.loads_left.value_or(0) == 0)
        causes.push_back({fmt::format("kernel.kexec_load_limit_{} is used up (every load and unload counts)",
                                      context.crash ? "panic" : "reboot"),
                          "raise the limit where it is set and reboot: it cannot be raised at run time",
                          context.loads_left.has_value()});
}

bool locked_down(const CallContext& context) {
    return context.lockdown == "integrity" || context.lockdown == "confidentiality";
}

// A clause where the kernel is locked down or may be; empty where it is known not to be.
std::string lockdown_clause(const CallContext& context) {
    if (locked_down(context))
        return fmt::format("the kernel is locked down ({}{})", context.lockdown,
                           context.secure_boot.value_or(false) ? ", by secure boot" : "");
    return context.lockdown.empty() ? "the kernel is locked down (see /sys/kernel/security/lockdown)" : "";
}

void add_lockdown(Causes& causes, Call call, const CallContext& context) {
    const std::string what = lockdown_clause(context);
    if (what.empty())
        return;
    const bool locked = locked_down(context);
    switch (call) {
    case Call::load_segments:
        causes.push_back({what + ", which forbids kexec_load",
                          use_other(context, "use -s with a signed kernel", "load a signed kernel that -s can load"),
                          locked});
        break;
    case Call::unload:
        causes.push_back({what + ", which forbids kexec_load",
                          use_other(context, "unload with -s -u", "reboot: nothing else drops what is loaded"),
                          locked});
        break;
    case Call::load_files:
        causes.push_back({what + " and " + kernel_of(context) + " carries no signature that it trusts",
                          "load a signed kernel, as the distribution ships it, or turn secure boot off", locked});
        break;
    default:
        break;
    }
}

Causes permission_causes(Call call, const CallContext& context) {
    Causes causes;
    add_rights(causes, context);
    if (call != Call::start) {
        add_limits(causes, true, context);
        add_lockdown(causes, call, context);
    }
    causes.push_back(filtered());
    return causes;
}

Causes permission_causes(const InstanceCall& call, const CallContext& context) {
    Causes causes;
    add_rights(causes, context);
    add_limits(causes, call.counted, context);
    if (const std::string what = lockdown_clause(context); call.needs_no_lockdown && !what.empty())
        causes.push_back({what + ", which forbids instances: their kernel could change the running one",
                          "boot without lockdown (and without secure boot)", locked_down(context)});
    if (call.needs_first_threads)
        causes.push_back(
            {"SMT is off (/sys/devices/system/cpu/smt/control), and one of the CPUs is not the first thread "
             "of its core",
             "choose first threads, or switch SMT on"});
    causes.push_back(filtered());
    return causes;
}

void add_unknown_flags(Causes& causes, Call call, const CallContext& context) {
    const auto newer = by_files(call) ? uapi::kexec_file_debug | uapi::kexec_file_no_cma | uapi::kexec_file_force_dtb
                                      : uapi::kexec_update_elfcorehdr | uapi::kexec_crash_hotplug_support;
    if (const auto flags = context.flags & newer)
        causes.push_back({fmt::format("this kernel is too old for flag{} {:#x}", flags & (flags - 1) ? "s" : "", flags),
                          by_files(call) ? "leave out -d, --no-cma and --force-dtb" : "leave out --hotplug"});
}

// The kernel's limit on x86-64 keeps 30 bytes back for elfcorehdr=, and counts the NUL.
constexpr std::uint64_t kept_for_elfcorehdr = 30;

void add_command_line(Causes& causes, const CallContext& context) {
    if (context.command_line_size && context.command_line_limit) {
        const auto limit = *context.command_line_limit;
        if (*context.command_line_size + 1 + kept_for_elfcorehdr > limit)
            causes.push_back({fmt::format("the command line has {} bytes and {} takes at most {} by this call",
                                          *context.command_line_size, kernel_of(context),
                                          limit > kept_for_elfcorehdr ? limit - kept_for_elfcorehdr - 1 : 0),
                              "shorten it", true});
        return;
    }
    if (context.command_line_size.value_or(1024) >= 256)
        causes.push_back({"the command line is too long", "shorten it"});
}

std::optional<Cause> half_of_memory(std::string_view what, const CallContext& context) {
    if (!context.segments_size || !context.ram_size || *context.segments_size <= *context.ram_size / 2)
        return std::nullopt;
    return Cause{fmt::format("{} ask for {} MiB, more than half of the machine's {} MiB", what,
                             *context.segments_size >> 20, *context.ram_size >> 20),
                 "use a smaller initrd", true};
}

void add_segments(Causes& causes, const CallContext& context) {
    if (context.segments > uapi::kexec_segment_max)
        causes.push_back(
            {fmt::format("{} segments were passed and the call takes {}", context.segments, uapi::kexec_segment_max),
             "load fewer modules", true});
    if (const auto cause = half_of_memory("the segments", context))
        causes.push_back(*cause);
}

Causes invalid_causes(Call call, const CallContext& context) {
    Causes causes;
    if (call == Call::start) {
        if (!context.image_loaded.value_or(false))
            causes.push_back({"no kernel is loaded", "load one first with kexec -l", context.image_loaded.has_value()});
        causes.push_back({"the call came from a container with its own process numbers", "run it on the host itself"});
        return causes;
    }
    if (call == Call::load_segments)
        add_segments(causes, context);
    if (!by_files(call) && (context.flags & uapi::kexec_preserve_context) && !context.kexec_jump.value_or(false))
        causes.push_back({"KEXEC_PRESERVE_CONTEXT needs a kernel with CONFIG_KEXEC_JUMP, which this one lacks",
                          "run a kernel that has it", context.kexec_jump.has_value()});
    add_unknown_flags(causes, call, context);
    if (call == Call::load_files) {
        add_command_line(causes, context);
        if (const auto cause = half_of_memory("the kernel and its initrd", context))
            causes.push_back(*cause);
        else if (!context.segments_size || !context.ram_size)
            causes.push_back({"the kernel and its initrd need more than half of RAM", "use a smaller initrd"});
        causes.push_back({"the running kernel does not take this kind of kernel image by itself",
                          use_other(context, "use -c", "name another kernel")});
    } else if (call == Call::load_segments) {
        causes.push_back({kernel_of(context) + " is for another architecture than the running kernel",
                          "load a kernel of this machine's architecture"});
        if (!context.segments_size || !context.ram_size)
            causes.push_back({"the segments overlap or ask for more than half of RAM",
                              "look at the plan with --dry-run, and use a smaller initrd"});
        causes.push_back({"this program passed segments that the kernel finds wrong",
                          "report it with the output of --dry-run and dmesg"});
    } else {
        causes.push_back({"the kernel does not know this way of unloading",
                          by_files(call)
                              ? use_other(context, "use -c -u", "reboot: nothing else drops what is loaded")
                              : use_other(context, "use -s -u", "reboot: nothing else drops what is loaded")});
    }
    return causes;
}

// Of a crash kernel that this program placed inside what /proc/iomem calls "Crash kernel".
Causes outside_reservation(const CallContext& context) {
    const auto reserved = context.crash_size ? fmt::format(" ({} MiB)", *context.crash_size >> 20) : std::string();
    return {{fmt::format("a segment lies outside the memory that is reserved for a crash kernel{}: it was made smaller "
                         "(kexec_crash_size) while the load ran",
                         reserved),
             "load again, and compare the addresses of --dry-run with \"Crash kernel\" in /proc/iomem"},
            {"the kernel takes no segment below 4 GiB because its crashkernel= lies above (crashkernel=SIZE,high)",
             "load a kernel that can run above 4 GiB, or boot with crashkernel=SIZE without \"high\""}};
}

Causes address_causes(Call call, const CallContext& context) {
    Causes causes;
    if (context.crash && call == Call::load_segments && context.crash_size.value_or(1) != 0)
        return outside_reservation(context);
    if (context.crash && context.crash_size.value_or(0) == 0)
        causes.push_back({"no memory is reserved for a crash kernel",
                          "boot with crashkernel=256M (or more) and try again", context.crash_size.has_value()});
    if (context.crash && context.crash_size.value_or(1) != 0)
        causes.push_back({context.crash_size
                              ? fmt::format("the kernel and its initrd do not fit the {} MiB reserved for them",
                                            *context.crash_size >> 20)
                              : std::string("the kernel and its initrd do not fit the reserved memory"),
                          besides_other(context, room_by_segments, "raise crashkernel=, or use a smaller initrd")});
    if (!context.crash && context.kexec_handover.value_or(true))
        causes.push_back({"kexec handover (KHO) is on and the kernel and initrd do not fit its scratch memory",
                          besides_other(context, "use -c, by which there is room and nothing is handed over",
                                        "raise kho_scratch=, or boot without kho=on")});
    if (call == Call::load_files && !context.crash)
        causes.push_back({"the kernel found no free range large enough",
                          besides_other(context, room_by_segments, "use a smaller initrd")});
    if (call == Call::load_segments)
        causes.push_back({"a segment lies where this machine's CPU cannot address memory",
                          "look at the addresses with --dry-run, and mind --mem-min and --mem-max"});
    return causes;
}

Cause signature_cause(int error, const CallContext& context) {
    const auto kernel = kernel_of(context);
    switch (error) {
    case ENODATA:
        return {kernel + " carries no signature, and this kernel loads only signed ones", ""};
    case ENOKEY:
        return {kernel + " is unsigned, or signed with a key that this kernel does not have", ""};
    case EKEYREJECTED:
        return {"the signature of " + kernel + " does not match it, or its key is blacklisted", ""};
    case EKEYEXPIRED:
        return {"the key that signed " + kernel + " has expired", ""};
    case EKEYREVOKED:
        return {"the key that signed " + kernel + " was revoked", ""};
    case ENOPKG:
        return {"this kernel lacks the algorithm of the signature of " + kernel, ""};
    default:
        return {"the signature of " + kernel + " is damaged", ""};
    }
}

Cause tdx_erratum_cause() {
    return {"the processors have an erratum of TDX (tdx_pw_mce), on which this kernel loads no other",
            std::string(tdx_erratum_remedy), true};
}

Causes file_system_causes(int error, const CallContext& context) {
    switch (error) {
    case ETXTBSY:
        return {{files_of(context) + " is open for writing in another process",
                 "wait until it has been written (fuser -v names the writer) and load again", true}};
    case EBADF:
        return {{files_of(context) + " is not open for reading", "make it a readable regular file"}};
    case ENOENT:
        return {{files_of(context) + " is not there", "check the path"}};
    case EISDIR:
        return {{files_of(context) + " is a directory", "name a file"}};
    case EFBIG:
        return {{files_of(context) + " is larger than the kernel reads (4 GiB)", "use a smaller file"}};
    case EINTR:
        return {{"a signal interrupted the kernel while it read the files", "load again"}};
    default: // EIO
        return {{"the kernel could not read " + files_of(context), "look for disk errors in dmesg"}};
    }
}

} // namespace

std::vector<Cause> causes_of(Call call, int error, const CallContext& context) {
    switch (error) {
    case EPERM:
        return permission_causes(call, context);
    case EINVAL:
        return invalid_causes(call, context);
    case EADDRNOTAVAIL:
        return is_load(call) ? address_causes(call, context) : Causes{};
    case EACCES:
        return {{"a security policy (IMA appraisal, SELinux, another security module) forbids it",
                 by_files(call)
                     ? std::string(
                           "sign the file as the policy asks (evmctl ima_sign), or change the policy; the audit log "
                           "names the rule")
                 : call == Call::load_segments || call == Call::unload
                     ? use_other(context,
                                 "use -s, which policies can check, or change the policy; the audit log names the rule",
                                 "change the policy; the audit log names the rule")
                     : std::string("change the policy; the audit log names the rule")}};
    case EBUSY:
        if (context.crash)
            return {{"another load or unload is under way, or the kernel is bringing a loaded crash kernel up to date "
                     "after CPUs or memory came or went",
                     "try again in a moment; load one crash kernel at a time"}};
        return {{"another load, unload or crash is under way", "wait for the other kexec to end and try again"}};
    case ENOSYS:
        if (call == Call::load_files || call == Call::unload_files)
            return {{"this kernel was built without kexec_file_load (CONFIG_KEXEC_FILE)",
                     use_other(context, "use -c", "run a kernel that has it")}};
        if (call == Call::start)
            return {{"this kernel was built without kexec (CONFIG_KEXEC)", "run a kernel that has it"}};
        return {{"this kernel was built without kexec_load (CONFIG_KEXEC)",
                 use_other(context, "use -s, or run a kernel that has it", "run a kernel that has it")}};
    case ENOMEM:
        if (context.crash && call == Call::load_segments)
            return {{"the segments leave too little of the reserved memory for the kernel's own page tables, or the "
                     "running kernel itself is out of memory",
                     "raise crashkernel=, or use a smaller initrd"}};
        if (context.crash)
            return {{"the memory reserved for a crash kernel, or the kernel's own, is too small",
                     besides_other(context, room_by_segments, "raise crashkernel=, or use a smaller initrd")}};
        return {{"the kernel has too little free memory for it",
                 call == Call::load_files
                     ? besides_other(context, room_by_segments, "free memory, or use a smaller initrd")
                     : std::string("free memory, or use a smaller initrd")}};
    case EFAULT:
        return {{is_load(call) ? "the memory passed to the kernel could not be read: a file shrank during the load, or "
                                 "this program has a defect"
                               : "this program passed bad memory to the kernel",
                 "try again, and report it with the output of -d if it stays"}};
    case ENOEXEC:
        if (call != Call::load_files)
            return {};
        return {{kernel_of(context) + " is no kernel that the running kernel loads by itself",
                 use_other(context, "use -c (or -a), or name a kernel of this machine's architecture",
                           "name a kernel of this machine's architecture")}};
    case EOPNOTSUPP:
        if (context.tdx_erratum)
            return {tdx_erratum_cause()};
        if (!is_load(call))
            return {};
        return {{"the running kernel does not support this load",
                 by_files(call) ? use_other(context, "use -c", "load another kernel, or run one that supports it")
                                : use_other(context, "use -s", "load another kernel, or run one that supports it")}};
    case ENODATA:
    case ENOKEY:
    case EKEYREJECTED:
    case EKEYEXPIRED:
    case EKEYREVOKED:
    case ENOPKG:
    case ELIBBAD:
    case EBADMSG:
    case EMSGSIZE: {
        if (call != Call::load_files)
            return {};
        auto cause = signature_cause(error, context);
        cause.remedy = use_other(context,
                                 "load a kernel signed with a key of this machine (distribution, MOK or firmware db), "
                                 "or, where the kernel is not locked down, use -c",
                                 "load a kernel signed with a key of this machine (distribution, MOK or firmware db)");
        return {cause};
    }
    case ETXTBSY:
    case EBADF:
    case ENOENT:
    case EISDIR:
    case EFBIG:
    case EINTR:
    case EIO:
        if (call == Call::start && error == EIO)
            return {{"a kernel beside this one does not stop, and the next kernel would share its memory",
                     "look at dmesg, and halt that kernel first"}};
        return by_files(call) ? file_system_causes(error, context) : Causes{};
    default:
        return {};
    }
}

namespace {

// Those that the context proves. `call`: of either kind.
Causes proven_causes(const auto& call, CallContext known) {
    known.may_boot = true;
    Causes causes;
    for (const int error : {EPERM, EINVAL, EADDRNOTAVAIL, EOPNOTSUPP})
        std::ranges::copy_if(causes_of(call, error, known), std::back_inserter(causes), &Cause::proven);
    return causes;
}

} // namespace

std::vector<Cause> causes_of(const InstanceCall& call, int error, const CallContext& context) {
    return error == EPERM ? permission_causes(call, context) : call.causes(error, context);
}

std::vector<Cause> foreseen_causes(const InstanceCall& call, const CallContext& context) {
    return proven_causes(call, context);
}

std::vector<Cause> segment_copy_causes(int error) {
    switch (error) {
    case EFAULT:
        return {{"a file shrank during the load, or this program has a defect", "try again"}};
    case EINTR:
        return {{"a signal interrupted the copying", "load again"}};
    default:
        return {};
    }
}

std::vector<Cause> foreseen_causes(Call call, const CallContext& context) {
    CallContext known = context;
    // Whether this kernel trusts a signature is not known before it is asked.
    if (call == Call::load_files && context.image_signed.value_or(true))
        known.lockdown = "none";
    Causes causes = proven_causes(call, std::move(known));
    if (call == Call::load_files && !context.image_signed.value_or(true) && context.signatures_wanted.value_or(false)) {
        causes.push_back(signature_cause(ENODATA, context));
        causes.back().remedy = use_other(context, "load a signed kernel, or use -c", "load a signed kernel");
    }
    return causes;
}

} // namespace kx
