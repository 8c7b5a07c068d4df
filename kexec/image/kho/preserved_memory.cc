// SPDX-License-Identifier: GPL-2.0-or-later
#include "kexec/image/kho/preserved_memory.h"

#include "include/layout/kho.h"
#include "kexec/core/byte_view.h"

#include <algorithm>
#include <bit>
#include <unordered_set>

namespace kx {
namespace {

constexpr std::size_t most_ranges = std::size_t{1} << 22;

// What was found so far, and the pages of the map that were read.
class Findings {
public:
    explicit Findings(unsigned page_shift) : page_shift_(page_shift) {}

    // A page of the map is read once: twice would be a circle, or a tree that grows without end from little memory.
    Result<> enter(std::uint64_t page, std::uint64_t named_at) {
        if (page % (std::uint64_t{1} << page_shift_) != 0)
            return fail(Errc::malformed, "the map of preserved memory names {:#x} at {:#x}, no page's address", page,
                        named_at);
        if (!entered_.insert(page).second)
            return fail(Errc::malformed, "the map of preserved memory names the page at {:#x} twice, again at {:#x}",
                        page, named_at);
        return {};
    }

    Result<> add(unsigned order, std::uint64_t address, std::uint64_t named_at) {
        const unsigned shift = page_shift_ + order;
        const auto block = shift < 64 ? PhysRange::at(address, std::uint64_t{1} << shift) : std::nullopt;
        if (!block)
            return fail(Errc::malformed, "the map of preserved memory has, at {:#x}, a block of 2^{} bytes at {:#x}",
                        named_at, shift, address);
        ++found_.blocks[order];
        if (!found_.ranges.empty() && found_.ranges.back().end == block->begin) {
            found_.ranges.back().end = block->end;
            return {};
        }
        if (found_.ranges.size() == most_ranges)
            return fail(Errc::malformed, "the map of preserved memory has more than {} ranges, at {:#x}", most_ranges,
                        named_at);
        found_.ranges.push_back(*block);
        return {};
    }

    PreservedMemory take() && {
        found_.ranges = normalized(std::move(found_.ranges));
        return std::move(found_);
    }

private:
    unsigned page_shift_;
    PreservedMemory found_;
    std::unordered_set<std::uint64_t> entered_;
};

Result<ByteView> bytes_at(const PhysicalReader& read, std::uint64_t address, std::uint64_t size,
                          std::vector<std::byte>& bytes) {
    bytes = KX_TRY(within("the map of preserved memory", read(address, size)));
    if (bytes.size() != size)
        return fail(Errc::io, "the map of preserved memory: of {} bytes at {:#x} only {} can be read", size, address,
                    bytes.size());
    return ByteView(bytes, address);
}

// `visit` is given the number of each bit that is set, in order.
Result<> for_each_bit(ByteView bitmap, const std::function<Result<>(std::uint64_t)>& visit) {
    const auto words = KX_TRY(bitmap.table<le64>(0, bitmap.size() / sizeof(le64)));
    for (std::size_t number = 0; number < words.size(); ++number)
        for (std::uint64_t word = words[number]; word != 0; word &= word - 1)
            KX_TRY(visit(number * 64 + static_cast<unsigned>(std::countr_zero(word))));
    return {};
}

// kho-v1. The elements come first: from them together follows how large their bitmaps are.
class Chain {
public:
    Chain(std::uint64_t page_size, const PhysicalReader& read)
        : page_size_(page_size), page_shift_(static_cast<unsigned>(std::countr_zero(page_size))), read_(read),
          findings_(page_shift_) {}

    Result<PreservedMemory> decode(std::uint64_t first) {
        std::uint64_t named_at = first;
        for (std::uint64_t page = first; page != 0;) {
            KX_TRY(findings_.enter(page, named_at));
            std::vector<std::byte> bytes;
            const ByteView chunk = KX_TRY(bytes_at(read_, page, page_size_, bytes));
            const auto header = KX_TRY(chunk.read<layout::KhoChunkHeader>(0));
            KX_TRY(take_elements(chunk, header));
            named_at = page;
            page = header.next;
        }
        const std::uint64_t size = bitmap_size();
        for (const Element& element : elements_)
            KX_TRY(add_blocks(element, size));
        return std::move(findings_).take();
    }

private:
    struct Element {
        unsigned shift; // a bit is a block of 2^shift bytes
        std::uint64_t begin, bitmap;
        std::uint64_t at; // where the element itself lies
    };

    Result<> take_elements(ByteView chunk, const layout::KhoChunkHeader& header) {
        const std::uint32_t order = header.order, count = header.count;
        if (order > 63 - page_shift_)
            return fail(Errc::malformed, "the map of preserved memory has order {} at {:#x}", order,
                        chunk.origin() + 8);
        const auto found =
            KX_TRY(within("the map of preserved memory", chunk.table<layout::KhoBitmapElement>(sizeof(header), count)));
        if (found.size() > most_ranges - elements_.size())
            return fail(Errc::malformed, "the map of preserved memory has more than {} bitmaps, at {:#x}", most_ranges,
                        chunk.origin());
        for (std::uint64_t at = chunk.origin() + sizeof(header); const auto& element : found) {
            elements_.push_back({page_shift_ + order, element.begin, element.bitmap, at});
            at += sizeof(element);
        }
        return {};
    }

    // A page, unless an element shows that its kernel had small ones: a bitmap that is no page, or one that begins
    // where a bitmap of a page would not.
    std::uint64_t bitmap_size() const {
        const bool small = std::ranges::any_of(elements_, [&](const Element& element) {
            const std::uint64_t number = element.begin >> element.shift;
            return element.bitmap % page_size_ != 0 || number % (page_size_ * 8) != 0;
        });
        return small ? layout::kho_small_bitmap_size : page_size_;
    }

    Result<> add_blocks(const Element& element, std::uint64_t bitmap_size) {
        const unsigned shift = element.shift;
        if (element.begin % (std::uint64_t{1} << shift) != 0)
            return fail(Errc::malformed,
                        "the map of preserved memory begins a bitmap of blocks of 2^{} bytes with {:#x}, at {:#x}",
                        shift, element.begin, element.at);
        if (element.bitmap % bitmap_size != 0 || !bitmaps_.insert(element.bitmap).second)
            return fail(Errc::malformed,
                        "the map of preserved memory names, at {:#x}, the bitmap of {} bytes at {:#x}: not aligned, or "
                        "named twice",
                        element.at, bitmap_size, element.bitmap);
        std::vector<std::byte> bytes;
        const ByteView bitmap = KX_TRY(bytes_at(read_, element.bitmap, bitmap_size, bytes));
        return for_each_bit(bitmap, [&](std::uint64_t bit) -> Result<> {
            if (bit > (UINT64_MAX - element.begin) >> shift)
                return fail(Errc::malformed, "the map of preserved memory runs past the end of memory, at {:#x}",
                            element.at);
            return findings_.add(shift - page_shift_, element.begin + (bit << shift), element.at);
        });
    }

    std::uint64_t page_size_;
    unsigned page_shift_;
    const PhysicalReader& read_;
    Findings findings_;
    std::vector<Element> elements_;
    std::unordered_set<std::uint64_t> bitmaps_;
};

// A key is the number of a block with one more bit above it, whose place tells the order: 2^(64 - shift) for blocks of
// 2^shift bytes. Each level of the tree takes bits of it, the highest first.
class RadixTree {
public:
    RadixTree(std::uint64_t page_size, const PhysicalReader& read)
        : page_size_(page_size), page_shift_(static_cast<unsigned>(std::countr_zero(page_size))),
          table_bits_(page_shift_ - 3), leaf_bits_(page_shift_ + 3), read_(read), findings_(page_shift_) {}

    Result<PreservedMemory> decode(std::uint64_t root) {
        const unsigned above_leaf = key_bits() - leaf_bits_;
        KX_TRY(descend(root, root, (above_leaf + table_bits_ - 1) / table_bits_, 0));
        return std::move(findings_).take();
    }

private:
    unsigned key_bits() const { return 64 - page_shift_ + 1; }

    // `key` has the bits of the levels above.
    Result<> descend(std::uint64_t page, std::uint64_t named_at, unsigned level, std::uint64_t key) {
        KX_TRY(findings_.enter(page, named_at));
        std::vector<std::byte> bytes;
        const ByteView node = KX_TRY(bytes_at(read_, page, page_size_, bytes));
        if (level == 0)
            return for_each_bit(node, [&](std::uint64_t bit) { return add(key | bit, page + bit / 8); });
        const auto entries = KX_TRY(node.table<le64>(0, page_size_ / layout::kho_radix_entry_size));
        const unsigned shift = (level - 1) * table_bits_ + leaf_bits_;
        for (std::uint64_t index = 0; index < entries.size(); ++index) {
            const std::uint64_t lower = entries[index];
            const std::uint64_t entry_at = page + index * layout::kho_radix_entry_size;
            if (lower == 0)
                continue;
            if (index >= std::uint64_t{1} << std::min(key_bits() - shift, table_bits_))
                return fail(Errc::malformed, "the map of preserved memory has a key of more than {} bits, at {:#x}",
                            key_bits(), entry_at);
            KX_TRY(descend(lower, entry_at, level - 1, key | index << shift));
        }
        return {};
    }

    Result<> add(std::uint64_t key, std::uint64_t named_at) {
        if (key == 0)
            return fail(Errc::malformed, "the map of preserved memory has a block without an order, at {:#x}",
                        named_at);
        const unsigned top = 63 - static_cast<unsigned>(std::countl_zero(key));
        const unsigned shift = 64 - top;
        if (shift >= 64)
            return fail(Errc::malformed, "the map of preserved memory has a block of 2^{} bytes, at {:#x}", shift,
                        named_at);
        const std::uint64_t number = key - (std::uint64_t{1} << top);
        return findings_.add(shift - page_shift_, number << shift, named_at);
    }

    std::uint64_t page_size_;
    unsigned page_shift_, table_bits_, leaf_bits_;
    const PhysicalReader& read_;
    Findings findings_;
};

} // namespace

Result<PreservedMemory> decode_preserved_memory(const KhoLayout& layout, std::uint64_t address, std::uint64_t page_size,
                                                const PhysicalReader& read) {
    if (!std::has_single_bit(page_size) || page_size < 4096 || page_size > 65536)
        return fail(Errc::unsupported, "pages of {} bytes", page_size);
    if (layout.radix_tree)
        return RadixTree(page_size, read).decode(address);
    return Chain(page_size, read).decode(address);
}

} // namespace kx
