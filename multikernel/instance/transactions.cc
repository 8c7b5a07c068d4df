// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/instance/transactions.h"

#include <fmt/format.h>

namespace kx {

std::string TransactionView::shown() const {
    const bool told = !resources.empty() && resources != "unknown";
    return fmt::format("{}: {}{}", status, operations, told ? fmt::format(" ({})", resources) : "");
}

} // namespace kx
