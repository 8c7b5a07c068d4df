// SPDX-License-Identifier: GPL-2.0-or-later
#include "core/phys_range.h"
#include "kdump/dump/kernel_log_forms.h"

#include <algorithm>

namespace kx {
namespace {

constexpr std::uint64_t largest_structure = 64 << 10;
constexpr std::uint64_t read_at_once = 16 << 20;
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

std::string caller_name(std::uint32_t caller_id) {
    constexpr std::uint32_t is_cpu = 0x80000000;
    return fmt::format("{}{}", caller_id & is_cpu ? 'C' : 'T', caller_id & ~is_cpu);
}

Result<> check_log_size(const KernelMemory& memory, std::uint64_t size) {
    const std::uint64_t ram = total_size(memory.dump().memory());
    if (size == 0 || size > ram)
        return fail(Errc::malformed, "a kernel log of {} bytes in {} bytes of memory", size, ram);
    return {};
}

LogBuffer::LogBuffer(const KernelMemory& memory, std::uint64_t address, std::uint64_t size)
    : memory_(memory), address_(address), size_(size) {
    if (size_ > read_at_once)
        return;
    bytes_ = std::make_unique_for_overwrite<std::byte[]>(size_);
    capacity_ = size_;
    whole_ = memory_.read(address_, {bytes_.get(), size_}).has_value();
}

std::optional<ByteView> LogBuffer::part(std::uint64_t offset, std::uint64_t length) {
    if (offset > size_ || length > size_ - offset)
        return std::nullopt;
    if (whole_)
        return ByteView({bytes_.get() + offset, length}, address_ + offset);
    if (capacity_ < length) {
        bytes_ = std::make_unique_for_overwrite<std::byte[]>(length);
        capacity_ = length;
    }
    if (!memory_.read(address_ + offset, {bytes_.get(), length}))
        return std::nullopt;
    return ByteView({bytes_.get(), length}, address_ + offset);
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
            // Something in it is missing: one page at a time now.
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
