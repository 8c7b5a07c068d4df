// SPDX-License-Identifier: GPL-2.0-or-later
// What the running kernel can do with kexec, as far as files tell it; each fact with where it was learned.
#pragma once

#include "kexec/core/result.h"
#include "kexec/machine/system_files.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

// Whether the machine has the capability. `limited`: it has, within bounds that the finding names.
enum class CapabilityState { yes, no, unknown, limited };
std::string_view name_of(CapabilityState state); // "yes", "no" …

// What a capability is about; the words of --check=TOPIC.
namespace capability_topics {
inline constexpr std::string_view load = "load";
inline constexpr std::string_view crash = "crash";
inline constexpr std::string_view security = "security";
inline constexpr std::string_view multikernel = "multikernel";
inline constexpr std::string_view machine = "machine";
inline constexpr std::array all{load, crash, security, multikernel, machine};
} // namespace capability_topics

struct Capability {
    std::string name; // fixed words, see capability_names
    CapabilityState state = CapabilityState::unknown;
    std::string finding;      // one plain sentence
    std::string learned_from; // a file as SystemFiles::display shows it; a caller that made a system call puts it here
    std::string advice;       // what to try where something stands in the way; may be empty
    std::string_view topic{}; // one of capability_topics
};

namespace capability_names {
inline constexpr std::string_view kexec_load = "kexec_load";
inline constexpr std::string_view kexec_file_load = "kexec_file_load";
inline constexpr std::string_view may_load = "right to load"; // of this process: CAP_SYS_BOOT
inline constexpr std::string_view loading_enabled = "loading enabled";
inline constexpr std::string_view normal_load_limit = "normal load limit";
inline constexpr std::string_view crash_load_limit = "crash load limit";
inline constexpr std::string_view lockdown = "lockdown";
inline constexpr std::string_view signatures = "signatures required"; // by kexec_file_load
inline constexpr std::string_view secure_boot = "secure boot";
inline constexpr std::string_view normal_loaded = "normal kernel loaded";
inline constexpr std::string_view crash_reservation = "crash reservation";
inline constexpr std::string_view crash_loaded = "crash kernel loaded";
inline constexpr std::string_view crash_hotplug = "crash hotplug"; // the kernel itself keeps elfcorehdr up to date
inline constexpr std::string_view handover = "KHO";
inline constexpr std::string_view jump = "kexec jump";
inline constexpr std::string_view multikernel = "multikernel";
inline constexpr std::string_view five_level_paging = "five-level paging";
inline constexpr std::string_view efi = "EFI firmware";
inline constexpr std::string_view iomem = "memory reservations visible";
inline constexpr std::string_view xen = "Xen";
inline constexpr std::string_view confidential_guest = "confidential guest";
inline constexpr std::string_view memory_encryption = "memory encryption";
inline constexpr std::string_view tdx_erratum = "TDX erratum";
} // namespace capability_names

// All of the above, in that order, on every architecture, also where files are missing. It only reads.
std::vector<Capability> read_capabilities(const SystemFiles& files);

// How many more calls, loads and unloads, the kernel allows for the crash or the normal image
// (kernel.kexec_load_limit_panic, _reboot). -1: any number, also where the kernel knows no limits (before Linux 6.2).
Result<int> read_load_limit(const SystemFiles& files, bool crash);
// "none", "integrity" or "confidentiality"; Errc::not_found where there is no lockdown or securityfs is not mounted.
Result<std::string> read_lockdown_mode(const SystemFiles& files);
// Bytes reserved for a crash kernel.
Result<std::uint64_t> read_crash_size(const SystemFiles& files);

} // namespace kx
