// SPDX-License-Identifier: GPL-2.0-or-later
// What an instance's kernel is told about itself by the kernel that starts it: a device tree of the instance (DTB),
// and around it the page that a kernel gets as its KHO (kexec handover) tree. doc/multikernel.md shows both. Everything
// here is pure; integers are big endian, CPUs physical numbers (x86: APIC id), addresses physical.
#pragma once

#include "kexec/core/phys_range.h"
#include "kexec/core/result.h"
#include "kexec/image/device_tree/device_tree.h"
#include "kexec/loader/load_request.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kx {

inline constexpr std::uint64_t handover_page_size = kho_fdt_limit;

struct HandedInstance {
    std::string name; // empty: it is handed over as "instance-ID"
    std::uint32_t id = 0;
    std::vector<std::uint64_t> cpus; // the boot CPU first
    PhysRange memory;
};

// The root, compatible "multikernel-v1", with /instances/NAME { id; resources { cpus; memory-base; memory-bytes } }.
DeviceTreeNode instance_handover_tree(const HandedInstance& instance);

// The page: root compatible "multikernel-v1", /multikernel with `instance_tree` as its property dtb-data, zeros behind
// it. Errc::no_room where it would not fit.
Result<std::vector<std::byte>> handover_page(std::span<const std::byte> instance_tree);

// A device tree that others made, filled up to a page. Errc::no_room over a page; else as parse_device_tree.
Result<std::vector<std::byte>> foreign_handover_page(ByteView file);

// A tree that is handed over, and the one inside it.
struct Handover {
    DeviceTreeNode tree;
    std::optional<DeviceTreeNode> inner; // of /multikernel, dtb-data
    std::string inner_problem;           // why there is none although there is dtb-data
};

// `file` is such a page, a device tree of an instance, or what a running kernel shows of the page in
// /sys/kernel/boot_params/setup_data/N/data. Errc::unsupported for the `data` of the node that only points to the page,
// with where it points; else as parse_device_tree.
Result<Handover> parse_handover(ByteView file);

// Each line of `text` as a comment of device tree source.
std::string commented(std::string_view text);

// Device tree source of `tree`; `inner`, or its problem, as comments behind it.
std::string source_of(const Handover& handover);

} // namespace kx
