// SPDX-License-Identifier: GPL-2.0-or-later
// What kernels on one machine share, whatever this program does. kexec --check and doc/multikernel.md tell it.
#pragma once

#include <array>
#include <string_view>

namespace kx {

struct SharedThing {
    std::string_view name;
    std::string_view consequence; // one sentence
};

inline constexpr std::array<SharedThing, 6> shared_by_instances{{
    {"memory", "Nothing stops a kernel from writing into another's memory: instances are for kernels that you trust."},
    {"DMA", "A device that one kernel drives can write everywhere: there is no IOMMU domain for each."},
    {"devices", "Ports, PCI and the interrupt controllers are kept apart by tables and parameters, not by force."},
    {"reset line", "A reboot, a power-off or a triple fault of any kernel resets the whole machine."},
    {"interrupts", "Broadcasts of the running kernel (NMI, stop at a crash) reach the CPUs of instances, too."},
    {"faults", "Machine checks, thermal and power events meet every kernel on the machine."},
}};

} // namespace kx
