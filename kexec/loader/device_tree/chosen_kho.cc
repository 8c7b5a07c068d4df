// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/loader/device_tree/chosen_kho.h"

#include <algorithm>
#include <vector>

namespace kx {
namespace {

constexpr std::string_view kho_fdt = "linux,kho-fdt";
constexpr std::string_view kho_scratch = "linux,kho-scratch";

// Without the property, what the Devicetree Specification 0.4, section 2.3.5, says.
Result<std::uint32_t> root_cells(const DeviceTreeNode& root, std::string_view name, std::uint32_t if_missing) {
    if (!root.property(name))
        return if_missing;
    const std::uint32_t cells = KX_TRY(root.u32(name));
    if (cells != 1 && cells != 2)
        return fail(Errc::unsupported, "{} of the device tree's root is {}: with 1 or 2 a place can be named", name,
                    cells);
    return cells;
}

Result<> append(std::vector<be32>& cells, std::uint64_t value, std::uint32_t count) {
    if (count == 2)
        cells.push_back(static_cast<std::uint32_t>(value >> 32));
    else if (value > UINT32_MAX)
        return fail(Errc::unsupported, "{:#x} does not fit the device tree's one cell for addresses", value);
    cells.push_back(static_cast<std::uint32_t>(value & UINT32_MAX));
    return {};
}

} // namespace

Result<> set_chosen_handover(DeviceTreeNode& root, std::optional<PhysRange> fdt) {
    std::vector<be32> place;
    if (fdt) {
        KX_TRY(append(place, fdt->begin, KX_TRY(root_cells(root, "#address-cells", 2))));
        KX_TRY(append(place, fdt->size(), KX_TRY(root_cells(root, "#size-cells", 1))));
    }
    if (!fdt && !root.child("chosen"))
        return {};
    DeviceTreeNode& chosen = root.child_or_new("chosen");
    chosen.remove_property(kho_fdt);
    chosen.remove_property(kho_scratch);
    if (fdt)
        chosen.set(kho_fdt, std::as_bytes(std::span(place)));
    return {};
}

Demand kho_demand(const LoadRequest& request) {
    std::vector<std::byte> page = *request.kho_fdt;
    page.resize(std::max<std::size_t>(page.size(), page_size));
    Demand demand{.name = std::string(kho_segment), .source = {}};
    demand.content = Bytes::owning(std::move(page));
    return demand;
}

Result<Demand> device_tree_demand(const DeviceTreeNode& root, bool hands_over) {
    DeviceTreeNode sized = root;
    KX_TRY(set_chosen_handover(sized, hands_over ? std::optional(PhysRange{0, page_size}) : std::nullopt));
    const std::uint64_t size = KX_TRY(device_tree_blob(sized)).size();
    Demand demand{.name = std::string(device_tree_segment), .source = {}};
    demand.composed_size = size;
    demand.composer = [root, hands_over](std::span<std::byte> out, const Placement& placement) -> Result<> {
        std::optional<PhysRange> fdt;
        if (hands_over)
            fdt = PhysRange::at(KX_TRY(placement.address_of(kho_segment)), page_size);
        DeviceTreeNode next = root;
        KX_TRY(set_chosen_handover(next, fdt));
        std::ranges::copy(KX_TRY(device_tree_blob(next, out.size())), out.begin());
        return {};
    };
    return demand;
}

} // namespace kx
