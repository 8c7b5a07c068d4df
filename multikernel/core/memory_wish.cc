// SPDX-License-Identifier: GPL-2.0-or-later
#include "multikernel/core/memory_wish.h"

#include "kexec/core/phys_range.h"
#include "kexec/core/text.h"

namespace kx {

Result<MemoryWish> parse_memory_wish(std::string_view text) {
    const std::size_t at = text.find('@');
    MemoryWish wish;
    wish.size = KX_TRY(parse_size(text.substr(0, at)));
    if (wish.size == 0 || wish.size % instance_page_size != 0)
        return fail(Errc::usage, "an instance cannot have {:#x} bytes of memory: give whole pages of {} bytes",
                    wish.size, instance_page_size);
    if (at == text.npos)
        return wish;
    const std::string_view address = text.substr(at + 1);
    const auto number = parse_size(address);
    if (!number || *number % instance_page_size != 0 || !PhysRange::at(*number, wish.size))
        return fail(Errc::usage, "\"{}\" is no address where {} bytes of memory could begin: give a whole page",
                    address.substr(0, 40), wish.size);
    wish.address = *number;
    return wish;
}

} // namespace kx
