// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/kernel/page_tables.h"

#include <array>

namespace kx {
namespace {

constexpr std::array rows{
    PageTableRow{"x86_64", x86_64_mapping},
    PageTableRow{"aarch64", arm64_mapping},
    PageTableRow{"riscv64", riscv64_mapping},
};

} // namespace

const PageTableRow* page_table_row(std::string_view architecture) {
    for (const PageTableRow& row : rows)
        if (row.architecture == architecture)
            return &row;
    return nullptr;
}

} // namespace kx
