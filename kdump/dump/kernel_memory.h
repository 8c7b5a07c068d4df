// SPDX-License-Identifier: GPL-2.0-or-later
// Memory of the crashed kernel by its virtual addresses: its page tables are walked, from what vmcoreinfo tells. One
// row of facts an architecture.
#pragma once

#include "core/result.h"
#include "kdump/dump/dump.h"
#include "wire.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace kx {

class KernelMemory {
public:
    // Borrows the dump. Errc::unsupported for an architecture without a row, or where vmcoreinfo lacks what the walk
    // needs; the message names it.
    static Result<KernelMemory> of(const Dump& dump);

    const Dump& dump() const { return *dump_; }
    const Vmcoreinfo& vmcoreinfo() const { return dump_->vmcoreinfo(); }

    // Errc::not_found for an address that is not mapped.
    Result<std::uint64_t> physical(std::uint64_t virtual_address) const;
    // May cross pages.
    Result<> read(std::uint64_t virtual_address, std::span<std::byte> out) const;

    template <WireLayout T> Result<T> read(std::uint64_t virtual_address) const {
        T value;
        KX_TRY(read(virtual_address, std::as_writable_bytes(std::span(&value, 1))));
        return value;
    }

private:
    const Dump* dump_;
};

} // namespace kx
