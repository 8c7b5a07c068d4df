// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/platform.h"

#include "kexec/core/command_line.h"
#include "kexec/core/text.h"
#include "kexec/machine/attribute.h"
#include "kexec/machine/xen.h"

#include <algorithm>
#include <array>

namespace kx {
namespace {

namespace names = capability_names;
using enum CapabilityState;

constexpr std::string_view cpuinfo = "proc/cpuinfo";

std::string first_line_with(const SystemFiles& files, std::string_view word) {
    const auto lines = files.read_lines_with(cpuinfo, word);
    return lines ? lines->substr(0, lines->find('\n')) : std::string();
}

Capability xen_capability(const SystemFiles& files) {
    constexpr std::string_view source = "proc/xen/capabilities";
    const auto owned = refuse_xen(files);
    if (owned)
        return {std::string(names::xen), no, "Xen does not keep this kernel from starting another.",
                files.display(source), ""};
    return {std::string(names::xen), yes, owned.error().message + ".", files.display(source),
            "load by Xen's own means, or boot without Xen"};
}

Capability guest_capability(const SystemFiles& files, const Platform& platform) {
    if (platform.confidential_guest.empty())
        return {std::string(names::confidential_guest), no, "This is no confidential guest that is known.",
                files.display(cpuinfo), ""};
    return {std::string(names::confidential_guest), yes, confidential_guest_text(platform) + ".",
            files.display(cpuinfo), ""};
}

Capability encryption_capability(const SystemFiles& files, const Platform& platform) {
    if (!platform.memory_encrypted)
        return {std::string(names::memory_encryption), no, "The kernel does not encrypt its memory (SME).",
                files.display("proc/cmdline"), ""};
    return {std::string(names::memory_encryption), yes,
            "The kernel encrypts its memory (SME): a crash kernel can read it only with mem_encrypt=on.",
            files.display("proc/cmdline"), "give a crash kernel --append=\"mem_encrypt=on …\""};
}

Capability erratum_capability(const SystemFiles& files, const Platform& platform) {
    if (!platform.tdx_erratum)
        return {std::string(names::tdx_erratum), no,
                "The processors have no TDX erratum that keeps kernels from "
                "loading others.",
                files.display(cpuinfo), ""};
    return {std::string(names::tdx_erratum), yes, std::string(tdx_erratum_text) + ".", files.display(cpuinfo),
            std::string(tdx_erratum_remedy)};
}

} // namespace

Platform read_platform(const SystemFiles& files) {
    Platform platform;
    const std::string flags = first_line_with(files, "flags");
    const std::string bugs = first_line_with(files, "bugs");
    const auto is_sev = [&](std::string_view flag) { return holds_word(flags, flag); };
    if (holds_word(flags, "tdx_guest"))
        platform.confidential_guest = "TDX";
    else if (holds_word(flags, "hypervisor") &&
             std::ranges::any_of(std::array<std::string_view, 3>{"sev", "sev_es", "sev_snp"}, is_sev))
        platform.confidential_guest = "SEV";
    platform.tdx_erratum = holds_word(bugs, "tdx_pw_mce");
    platform.five_level_paging = holds_word(flags, "la57");
    const auto command_line = read_value(files, "proc/cmdline");
    platform.memory_encrypted = platform.confidential_guest.empty() && holds_word(flags, "sme") && command_line &&
                                parameter_value(*command_line, "mem_encrypt") == "on";
    return platform;
}

std::string confidential_guest_text(const Platform& platform) {
    return fmt::format("This is a confidential guest ({}): another kernel comes up only if this one first takes back "
                       "the memory that it shares with the host, which older kernels do not",
                       platform.confidential_guest);
}

std::vector<Capability> platform_capabilities(const SystemFiles& files) {
    const Platform platform = read_platform(files);
    return {xen_capability(files), guest_capability(files, platform), encryption_capability(files, platform),
            erratum_capability(files, platform)};
}

} // namespace kx
