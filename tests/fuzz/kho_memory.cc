// SPDX-License-Identifier: GPL-2.0-or-later
// The map of preserved memory. The input is a byte that chooses the layout, and memory from address 0x1000 on, where
// the map begins; behind its end are zeros up to a page's end, and nothing. What is accepted is sorted and disjoint,
// has as many bytes as its blocks at most, and is the same when it is read again.
#include "kexec/image/kho/preserved_memory.h"
#include "tests/fuzz/invariant.h"

#include <algorithm>

using namespace kx;
using namespace kx::test;

namespace {

constexpr std::uint64_t page_size = 4096, begin = 0x1000;

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    std::vector<std::byte> memory((size - 1 + page_size - 1) / page_size * page_size);
    std::ranges::copy(std::as_bytes(std::span(data, size)).subspan(1), memory.begin());
    std::uint64_t bytes_read = 0;
    const PhysicalReader read = [&](std::uint64_t address, std::uint64_t wanted) -> Result<std::vector<std::byte>> {
        if (address < begin)
            return fail(Errc::not_found, "no memory at {:#x}", address);
        const auto bytes = KX_TRY(ByteView(memory, begin).slice(address - begin, wanted)).bytes();
        bytes_read += wanted;
        return std::vector<std::byte>(bytes.begin(), bytes.end());
    };
    const KhoLayout& layout = *kho_layout(1 + data[0] % 4);
    const auto preserved = decode_preserved_memory(layout, begin, page_size, read);
    INVARIANT(bytes_read <= memory.size() * (layout.radix_tree ? 1 : 2)); // a page may hold a chain and a bitmap
    if (!preserved) {
        INVARIANT(!preserved.error().message.empty());
        return 0;
    }
    std::uint64_t before = 0;
    for (const PhysRange range : preserved->ranges) {
        INVARIANT(!range.empty() && range.begin % page_size == 0 && range.end % page_size == 0);
        INVARIANT(before == 0 || before < range.begin);
        before = range.end;
    }
    long double most = 0;
    for (const auto& [order, blocks] : preserved->blocks) {
        INVARIANT(order < 52 && blocks > 0);
        most += static_cast<long double>(blocks) * static_cast<long double>(page_size << order);
    }
    INVARIANT(static_cast<long double>(total_size(preserved->ranges)) <= most);
    INVARIANT(decode_preserved_memory(layout, begin, page_size, read).value() == *preserved);
    return 0;
}
