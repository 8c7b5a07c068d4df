// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/machine/xen.h"

#include "kexec/machine/attribute.h"

namespace kx {

Result<> refuse_xen(const SystemFiles& files) {
    constexpr std::string_view rights = "proc/xen/capabilities";
    constexpr std::string_view guest_type = "sys/hypervisor/guest_type";
    constexpr std::string_view iomem = "proc/iomem";
    constexpr std::string_view hypervisor = "Hypervisor code and data";
    constexpr std::string_view advice = "Xen's own kexec interface loads it (kexec-tools built for Xen)";
    if (const auto text = files.read(rights); text && text->find("control_d") != text->npos)
        return fail(Errc::unsupported,
                    "{}: this is Xen's dom0: the hypervisor starts the next kernel, at a reboot and after a crash, and "
                    "only it can load one; {}",
                    files.display(rights), advice);
    if (const auto type = read_value(files, guest_type); type && *type == "PV")
        return fail(Errc::unsupported,
                    "{}: this is a paravirtualized guest of Xen, which cannot start another kernel; its host can save "
                    "a dump of it (xl dump-core)",
                    files.display(guest_type));
    if (const auto lines = files.read_lines_with(iomem, hypervisor); lines && !lines->empty())
        return fail(Errc::unsupported, "{} has \"{}\": Xen owns this machine, and only it can load a kernel; {}",
                    files.display(iomem), hypervisor, advice);
    return {};
}

} // namespace kx
