// SPDX-License-Identifier: GPL-2.0-or-later
// An instance as a machine of its own: what a loader plans for, and what must be in its memory besides the kernel.
// Everything here is pure.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/loader/load_request.h"
#include "kexec/machine/machine.h"
#include "kexec/plan/demand.h"
#include "multikernel/core/cpu_list.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

struct Instance {
    std::uint32_t id = 0;
    std::vector<Cpu> cpus;                      // the boot CPU first
    std::optional<std::uint32_t> host_boot_cpu; // physical number; nothing: unknown
    PhysRange memory;                           // physical; page aligned
    PhysRange low_memory;                       // below 1 MiB, MULTIKERNEL_LOW_SLOT bytes, for real-mode code
    std::optional<std::uint16_t> serial_port;   // I/O port
    std::uint64_t tsc_khz = 0;                  // 0: unknown
};

// What a loader sees: the instance's memory as the only RAM, its ACPI tables, no screen and no EFI. `running` gives
// what all CPUs of one machine share (architecture, paging).
Machine instance_machine(const Instance& instance, const Machine& running);

// Refuses memory that cannot hold what `request` loads, and says how much that is: Errc::no_room. `machine` is
// instance_machine()'s. A lower bound: what the second kernel needs to run comes on top.
Result<> check_memory_size(const Instance& instance, const LoadRequest& request, const Machine& machine);

// "acpi_tables" at the start of the memory and "low_memory": to be placed with the loader's own demands.
std::vector<Demand> instance_demands(const Instance& instance);

// Parameters that the second kernel needs to live beside the first, without those that `given` has already: what the
// user gave is neither repeated nor overridden.
struct AddedParameter {
    std::string text; // "pci=off"
    std::string why;  // one clause, for --dry-run
};
std::vector<AddedParameter> added_parameters(const Instance& instance, std::string_view given);

// The same for an instance of a multikernel kernel: its console, if `with_console` and `given` names no console; and no
// search for UARTs, because that disturbs the running kernel's UARTs, unless `given` has a console on a UART or
// parameters of 8250.
std::vector<AddedParameter> native_parameters(std::string_view given, bool with_console);

// `given` with the parameters behind it, but before a "--": what follows that is init's.
std::string with_parameters(std::string_view given, std::span<const AddedParameter> added);

// ttyS0 to ttyS3 for 0x3f8, 0x2f8, 0x3e8, 0x2e8, ttyS4 for any other port.
std::string serial_console(std::uint16_t port);

// `available` and `taken` (what other instances hold) in any order. The highest free slot of MULTIKERNEL_LOW_SLOT
// bytes, aligned to as much. Errc::no_room.
Result<PhysRange> choose_low_memory(std::span<const PhysRange> available, std::span<const PhysRange> taken);

} // namespace kx
