// SPDX-License-Identifier: GPL-2.0-or-later
// Why the kernel refused a load, an unload or a start, in words, and what to try.
#pragma once

#include "kexec/core/result.h"
#include "kexec/system/instance_commands.h"
#include "kexec/system/kernel.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kx {

enum class Call {
    load_segments, // kexec_load(2)
    load_files,    // kexec_file_load(2)
    unload,        // kexec_load(2) without segments
    unload_files,  // kexec_file_load(2) with KEXEC_FILE_UNLOAD
    start,         // reboot(2) with LINUX_REBOOT_CMD_KEXEC
};

// What is known about the call and the machine, as plain values; empty optionals and texts are "not known". The more
// is known, the fewer causes are named.
struct CallContext {
    bool crash = false;                         // the crash image (-p), not the one that -e starts
    std::optional<bool> may_boot;               // the caller has CAP_SYS_BOOT (an effective uid of 0, usually)
    std::optional<bool> load_disabled;          // kernel.kexec_load_disabled
    std::optional<int> loads_left;              // kexec_load_limit_panic or _reboot, the one that counts; -1: no limit
    std::string lockdown;                       // "none", "integrity" or "confidentiality"
    std::optional<bool> secure_boot;            // firmware started this kernel with secure boot on
    std::optional<bool> image_loaded;           // /sys/kernel/kexec{/,_}loaded
    std::optional<std::uint64_t> crash_size;    // bytes reserved for a crash kernel; 0: none
    std::optional<bool> kexec_jump;             // CONFIG_KEXEC_JUMP
    std::optional<bool> kexec_handover;         // KHO is on
    std::uint64_t flags = 0;                    // as passed
    std::size_t segments = 0;                   // how many were passed
    std::optional<std::uint64_t> segments_size; // bytes of memory that they ask for
    std::optional<std::uint64_t> ram_size;      // bytes of RAM
    std::optional<std::uint64_t> command_line_size; // bytes passed, without the NUL
    // bytes the kernel image takes, without the NUL: ImageFacts::command_line_limit
    std::optional<std::uint64_t> command_line_limit;
    std::string kernel_file; // path, as the user gave it
    std::string initrd_file;
    std::string instance;           // "instance 3"
    std::string cpus;               // of the instance, as text_of() shows them
    std::string instance_id = "ID"; // for a command that a user may run
    std::string cpu_words;          // "apic:0x11": its CPUs as commands take them
    InstanceCommands commands;      // of the program that tells
    bool halted_by_force = false;   // before this start, which its kernel may have outlived
    bool other_call_tried = false;  // the other of kexec_load and kexec_file_load was, and could not do it: no advice
    // Whether the other of kexec_load and kexec_file_load would make this load: for kexec_load, everything found its
    // place and nothing is known to stand in the way.
    std::optional<bool> other_call_does;
    std::optional<bool> image_signed;      // the kernel file carries a signature, good or bad
    std::optional<bool> signatures_wanted; // CONFIG_KEXEC_SIG_FORCE
    bool tdx_erratum = false;              // machine/platform.h
};

// One or two sentences: the call, the errno, what it means here and what to try. Where the context proves one cause,
// only that is named; otherwise those that it leaves open, most likely first. Any errno gets an answer.
std::string explain(Call call, Errno error, const CallContext& context);

// The same as an Error, with the code that a caller branches on.
Error refusal(Call call, Errno error, const CallContext& context);

} // namespace kx
