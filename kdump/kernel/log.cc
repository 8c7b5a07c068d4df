// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/kernel/log_forms.h"
#include "kexec/core/phys_range.h"

#include <algorithm>
#include <charconv>

namespace kx {
namespace {

constexpr std::uint64_t largest_structure = 64 << 10;
constexpr std::uint64_t kept_at_once = 16 << 20;
constexpr std::uint64_t piece_size = 16 << 10; // of a buffer
constexpr std::uint64_t array_read = 256 << 10;

Result<std::uint64_t> needed(std::optional<std::uint64_t> value, std::string_view kind, std::string_view name) {
    if (!value)
        return fail(Errc::unsupported, "vmcoreinfo has no {}({}), without which the kernel's log cannot be read", kind,
                    name);
    return *value;
}

} // namespace

Result<std::uint64_t> LogFacts::symbol(std::string_view name) const {
    return needed(memory_.vmcoreinfo().symbol(name), "SYMBOL", name);
}

Result<std::uint64_t> LogFacts::offset(std::string_view name) const {
    return needed(memory_.vmcoreinfo().offset(name), "OFFSET", name);
}

Result<std::uint64_t> LogFacts::size(std::string_view name) const {
    const std::uint64_t size = KX_TRY(needed(memory_.vmcoreinfo().size(name), "SIZE", name));
    if (size == 0 || size > largest_structure)
        return fail(Errc::malformed, "vmcoreinfo: SIZE({}) is {}", name, size);
    return size;
}

CallerName::CallerName(std::uint32_t caller_id) {
    constexpr std::uint32_t is_cpu = 0x80000000;
    text_[0] = caller_id & is_cpu ? 'C' : 'T';
    const char* end = std::to_chars(text_.begin() + 1, text_.end(), caller_id & ~is_cpu).ptr;
    length_ = static_cast<std::size_t>(end - text_.data());
}

Result<> check_log_size(const KernelMemory& memory, std::uint64_t size) {
    const std::uint64_t ram = total_size(memory.dump().memory());
    if (size == 0 || size > ram)
        return fail(Errc::malformed, "a kernel log of {} bytes in {} bytes of memory", size, ram);
    return {};
}

LogBuffer::LogBuffer(const KernelMemory& memory, std::uint64_t address, std::uint64_t size)
    : memory_(memory), address_(address), size_(size) {
    if (size_ > kept_at_once)
        return;
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(size_);
    pieces_.resize((size_ + piece_size - 1) / piece_size, Piece::unread);
}

bool LogBuffer::have(std::uint64_t offset, std::uint64_t length) {
    if (pieces_.empty())
        return false;
    bool all = true;
    for (std::uint64_t piece = offset / piece_size; piece * piece_size < offset + length; ++piece) {
        if (pieces_[piece] == Piece::unread) {
            const std::uint64_t begin = piece * piece_size;
            const std::span out(bytes_.get() + begin, std::min(piece_size, size_ - begin));
            pieces_[piece] = memory_.read(address_ + begin, out) ? Piece::read : Piece::missing;
        }
        all = all && pieces_[piece] == Piece::read;
    }
    return all;
}

std::optional<ByteView> LogBuffer::part(std::uint64_t offset, std::uint64_t length) {
    if (offset > size_ || length > size_ - offset)
        return std::nullopt;
    if (have(offset, length))
        return ByteView({bytes_.get() + offset, length}, address_ + offset);
    part_.resize(length);
    if (!memory_.read(address_ + offset, part_))
        return std::nullopt;
    return ByteView(part_, address_ + offset);
}

LogArray::LogArray(const KernelMemory& memory, std::uint64_t address, std::uint64_t element_size, std::uint64_t count)
    : memory_(memory), address_(address), element_size_(element_size), count_(count) {}

bool LogArray::load(std::uint64_t index, std::uint64_t count) {
    if (capacity_ < count) {
        bytes_ = std::make_unique_for_overwrite<std::byte[]>(count * element_size_);
        capacity_ = count;
    }
    const bool loaded =
        memory_.read(address_ + index * element_size_, {bytes_.get(), count * element_size_}).has_value();
    first_ = index;
    end_ = loaded ? index + count : index;
    return loaded;
}

std::optional<ByteView> LogArray::element(std::uint64_t index, std::uint64_t ahead) {
    if (index >= count_ || (missing_first_ <= index && index < missing_end_))
        return std::nullopt;
    if (index < first_ || index >= end_) {
        const std::uint64_t left = std::max<std::uint64_t>(1, std::min(ahead, count_ - index));
        const std::uint64_t many = std::min(left, std::max<std::uint64_t>(1, array_read / element_size_));
        if (!load(index, many)) {
            // Some of it is not in the dump: read one page at a time from here on.
            const std::uint64_t page = memory_.dump().page_size();
            const std::uint64_t begin = address_ + index * element_size_;
            const std::uint64_t on_page = (page - begin % page) / element_size_;
            if (!load(index, std::min(many, std::max<std::uint64_t>(1, on_page)))) {
                missing_first_ = index;
                missing_end_ = index + std::max<std::uint64_t>(1, on_page);
                return std::nullopt;
            }
        }
    }
    return ByteView({bytes_.get() + (index - first_) * element_size_, element_size_}, address_ + index * element_size_);
}

Result<std::uint64_t> read_kernel_log(const KernelMemory& memory, const std::function<bool(const LogRecord&)>& take) {
    const Vmcoreinfo& info = memory.vmcoreinfo();
    if (info.text().empty())
        return no_vmcoreinfo(memory.dump());
    if (info.symbol("prb"))
        return within("the kernel's log (prb)", read_ring_log(memory, take));
    for (const std::string_view record : {"printk_log", "log"}) {
        if (info.size(record))
            return within("the kernel's log (log_buf)", read_record_log(memory, record, take));
    }
    if (info.symbol("log_end"))
        return within("the kernel's log (log_buf)", read_plain_log(memory, take));
    return fail(Errc::unsupported, "vmcoreinfo names no log: neither SYMBOL(prb) nor SYMBOL(log_buf) with what belongs "
                                   "to it; the kernel may have been built without printk");
}

} // namespace kx
