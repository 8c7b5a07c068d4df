// SPDX-License-Identifier: GPL-2.0-or-later
// The zero page of the next x86 kernel, its command line and its setup_data list, as one segment: boot_params in the
// first page, everything that it points to behind it.
#pragma once

#include "include/layout/boot_params.h"
#include "kexec/core/notices.h"
#include "kexec/image/bzimage.h"
#include "kexec/loader/load_request.h"
#include "kexec/machine/machine.h"
#include "kexec/plan/placement.h"

#include <vector>

namespace kx {

// A setup_data node without its link.
struct SetupDataNode {
    std::uint32_t type;
    std::vector<std::byte> payload;
    bool own_page = false; // the payload begins on a page
};

// A Composer of the segment: everything but addresses is settled before placement.
class X86BootParams {
public:
    std::uint64_t size() const;
    Result<> operator()(std::span<std::byte> out, const Placement& placement) const;

    layout::BootParams zero_page{};
    std::string command_line;
    bool has_initrd = false;
    std::vector<SetupDataNode> setup_data; // behind a setup_kho comes the node whose payload it points to
    std::vector<std::byte> efi_memory_map; // EfiMemoryDescriptor array, empty without EFI
};

// Field by field as boot_params_fields.h says. From the machine: e820, past 128 entries as SETUP_E820_EXT. From the
// request: command line, random seed, initrd, and what is handed over: SETUP_KEXEC_KHO without scratch memory, and its
// device tree, filled up to a page, in a node of type 0. A kernel reserves what the list has in it and nothing that a
// node points to: so its tree survives under a kernel without KHO, too, which passes over types that it does not know.
// The composer asks the placement for the segments "boot_params" and, with an initrd, "initrd".
X86BootParams x86_boot_params(const LoadRequest& request, const Bzimage& image, const Machine& machine,
                              Notices& notices);

// One e820 entry a range, with the type numbers of the ACPI specification, section 15.
std::vector<layout::E820Entry> e820_of(std::span<const MemoryRange> memory_map);

} // namespace kx
