// SPDX-License-Identifier: GPL-2.0-or-later
// ACPI tables of an instance: a hardware-reduced machine with its own CPUs and one serial port, and nothing else that
// it could take from the machine that it shares (ACPI specification 6.5: RSDP 5.2.5, XSDT 5.2.8, FADT 5.2.9, MADT
// 5.2.12, DSDT 5.2.11.1). The FADT asks for physical APIC destinations, which every CPU of the machine tells apart;
// logical ones are made up by each kernel for itself, and a CPU would take the other kernel's interrupts for its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace kx {

struct AcpiMachine {
    std::vector<std::uint32_t> apic_ids;        // the boot CPU's first
    std::optional<std::uint32_t> first_apic_id; // of a CPU that is not this machine's; see below
    std::optional<std::uint16_t> serial_port;   // I/O port of a 16550 (PNP0501), without an interrupt
};

// Kernels from 6.9 on believe that the firmware booted the CPU that the MADT names first, and that an INIT to that CPU
// resets the machine. If they run on the first CPU although no firmware booted it, they use no other CPU. So
// `first_apic_id` is named before the others, as a CPU that is absent and could be plugged: these kernels leave it
// alone, and older ones count it as absent.
//
// The tables as they must lie at physical address `base` (16-byte aligned): the RSDP first, everything else behind it.
std::vector<std::byte> acpi_tables(const AcpiMachine& machine, std::uint64_t base);

} // namespace kx
