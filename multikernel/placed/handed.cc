// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/placed/handed.h"

#include "multikernel/core/wish.h"
#include "multikernel/placed/device_tree_file.h"
#include "multikernel/placed/handed_tree.h"

namespace kx {
namespace {

HandedInstance handed(const InstanceOptions& options, const Instance& instance) {
    HandedInstance known{.name = options.name, .id = instance.id, .cpus = {}, .memory = instance.memory};
    for (const Cpu& cpu : instance.cpus)
        known.cpus.push_back(cpu.physical);
    return known;
}

Result<std::vector<std::byte>> page_from_file(const std::string& path) {
    const std::string content = KX_TRY(read_device_tree_file(path));
    return within(path, foreign_handover_page(bytes_in(content)));
}

Result<std::vector<std::byte>> page_around_file(const std::string& path) {
    const std::string content = KX_TRY(read_device_tree_file(path));
    const ByteView file = bytes_in(content);
    KX_TRY(within(path, parse_device_tree(file)));
    const std::uint64_t size = KX_TRY(file.read<be32>(4));
    return within(path, handover_page(file.bytes().first(size)));
}

Result<std::vector<std::byte>> page_for(const InstanceOptions& options, const Instance& instance) {
    if (options.kho_fdt)
        return within("--kho-fdt", page_from_file(*options.kho_fdt));
    if (options.device_tree)
        return within("--instance-dtb", page_around_file(*options.device_tree));
    return handover_page(KX_TRY(device_tree_blob(instance_handover_tree(handed(options, instance)))));
}

} // namespace

Result<InstanceHandover> instance_handover(const InstanceOptions& options, const Instance& instance) {
    InstanceHandover handover;
    handover.page = KX_TRY(page_for(options, instance));
    handover.report = {.size = KX_TRY(ByteView(handover.page).read<be32>(4)),
                       .kho_fdt = options.kho_fdt,
                       .instance_tree = options.device_tree};
    return handover;
}

} // namespace kx
