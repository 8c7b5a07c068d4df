// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/native/overlay_write.h"

#include "multikernel/core/requests.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace kx {
namespace {

std::unexpected<Error> write_refused(const InstanceControl& control, int error) {
    const auto said = [&](Errc code, std::string_view meaning) {
        return fail(code, "{}: the kernel did not take the overlay: {} ({})", control.files.display(new_overlay_path),
                    meaning, std::strerror(error));
    };
    switch (error) {
    case EACCES:
    case EPERM:
        return said(Errc::denied, "run as root");
    case ENOENT:
        return said(Errc::unsupported, "this kernel has no overlays, or the multikernel file system was unmounted");
    case EINVAL:
        return said(Errc::unsupported, "it is no overlay for this kernel, which is a defect of this program; report it "
                                       "with the output of --dry-run");
    case EFBIG:
        return said(Errc::no_room, "it is too long; change fewer things at a time");
    case ENOMEM:
        return said(Errc::no_room, "the kernel has too little free memory for its own notes; free memory");
    case EIO:
        return said(Errc::io, fmt::format("it took only a part of the bytes; look at what changed ({})",
                                          control.commands.list()));
    default:
        return said(Errc::io, "try again, and look at dmesg");
    }
}

} // namespace

std::string transaction_path(std::uint32_t number) {
    return fmt::format("{}/overlays/tx_{}", multikernel_folder, number);
}

std::string shown_transaction(std::uint32_t number) {
    return fmt::format("transaction {} (tx_{})", number, number);
}

Result<Transaction> write_overlay(const InstanceControl& control, const Overlay& overlay) {
    const auto blob = KX_TRY(overlay_blob(overlay));
    const auto before = KX_TRY(read_transactions(control.files, UINT32_MAX));
    const std::uint32_t highest = before.empty() ? 0 : before.back().number;
    const std::string_view bytes(reinterpret_cast<const char*>(blob.data()), blob.size());
    if (const auto written = control.kernel.write_attribute(std::string(new_overlay_path), bytes); !written)
        return write_refused(control, written.error().value);

    auto found = KX_TRY(read_transactions(control.files, highest));
    std::erase_if(found, [&](const Transaction& one) { return one.blob != blob; });
    if (found.empty())
        return fail(Errc::io,
                    "{}: took the overlay, and shows no transaction for it; look at what changed ({}) and at dmesg",
                    control.files.display(new_overlay_path), control.commands.list());
    const auto& last = found.back();
    const auto other = std::ranges::find_if(found, [&](const Transaction& one) { return one.status != last.status; });
    if (other != found.end())
        return fail(Errc::unsupported,
                    "two transactions with the same content appeared at once: tx_{} ({}) and tx_{} ({}). Another "
                    "program changes the instances without taking turns; nothing was undone. Look at what there is now "
                    "({})",
                    other->number, other->status, last.number, last.status, control.commands.list());
    return std::move(found.back());
}

} // namespace kx
