// SPDX-License-Identifier: GPL-2.0-or-later
// The three forms of the log, and what they have in common: facts that vmcoreinfo must tell, and buffers in the
// kernel's memory of which some pages may be missing. All addresses are virtual.
#pragma once

#include "kdump/kernel/log.h"
#include "kexec/core/byte_view.h"

#include <array>
#include <cstring>
#include <memory>
#include <vector>

namespace kx {

using TakeLogRecord = std::function<bool(const LogRecord&)>;

// The promises of read_kernel_log.
Result<std::uint64_t> read_plain_log(const KernelMemory& memory, const TakeLogRecord& take);
Result<std::uint64_t> read_record_log(const KernelMemory& memory, std::string_view record, const TakeLogRecord& take);
Result<std::uint64_t> read_ring_log(const KernelMemory& memory, const TakeLogRecord& take);

// What vmcoreinfo must have for a log to be read; Errc::unsupported, by name.
class LogFacts {
public:
    explicit LogFacts(const KernelMemory& memory) : memory_(memory) {}

    Result<std::uint64_t> symbol(std::string_view name) const;
    Result<std::uint64_t> offset(std::string_view name) const;
    // Of a structure; 64 KiB at most.
    Result<std::uint64_t> size(std::string_view name) const;
    // The value of a variable.
    template <WireLayout T> Result<T> variable(std::string_view name) const {
        return within(name, memory_.read<T>(KX_TRY(symbol(name))));
    }

private:
    const KernelMemory& memory_;
};

// "T12" or "C3" from a record's caller_id (lib/Kconfig.debug, PRINTK_CALLER).
class CallerName {
public:
    explicit CallerName(std::uint32_t caller_id);
    std::string_view text() const { return {text_.data(), length_}; }

private:
    std::array<char, 11> text_;
    std::size_t length_;
};

// A member of a structure; nothing where the structure is too short for it.
template <WireLayout T> std::optional<T> member(ByteView structure, std::uint64_t offset) {
    if (structure.size() < sizeof(T) || offset > structure.size() - sizeof(T))
        return std::nullopt;
    T value;
    std::memcpy(&value, structure.bytes().data() + offset, sizeof(T));
    return value;
}

// Errc::malformed for a log of no bytes, or of more bytes than the machine's RAM.
Result<> check_log_size(const KernelMemory& memory, std::uint64_t size);

// A buffer of bytes, read many at a time. Where that fails, each part is read alone, so that a missing page costs only
// the records on it.
class LogBuffer {
public:
    LogBuffer(const KernelMemory& memory, std::uint64_t address, std::uint64_t size);

    std::uint64_t size() const { return size_; }
    // Nothing where it is not all inside the buffer, or not in the dump. Valid until the next call.
    std::optional<ByteView> part(std::uint64_t offset, std::uint64_t length);

private:
    enum class Piece : std::uint8_t { unread, read, missing };
    bool have(std::uint64_t offset, std::uint64_t length);

    const KernelMemory& memory_;
    std::uint64_t address_;
    std::uint64_t size_;
    std::unique_ptr<std::byte[]> bytes_; // all of the buffer, of which the pieces that are marked were read
    std::vector<Piece> pieces_;          // empty: the buffer is too large for that
    std::vector<std::byte> part_;
};

// An array of structures, read many at a time.
class LogArray {
public:
    LogArray(const KernelMemory& memory, std::uint64_t address, std::uint64_t element_size, std::uint64_t count);

    // Nothing where it is not in the dump. `ahead` elements, this one included, will be asked for in turn. Valid until
    // the next call.
    std::optional<ByteView> element(std::uint64_t index, std::uint64_t ahead);

private:
    bool load(std::uint64_t index, std::uint64_t count);

    const KernelMemory& memory_;
    std::uint64_t address_;
    std::uint64_t element_size_;
    std::uint64_t count_;
    std::unique_ptr<std::byte[]> bytes_;
    std::uint64_t capacity_ = 0; // elements
    std::uint64_t first_ = 0;    // elements [first_, end_) are in bytes_
    std::uint64_t end_ = 0;
    std::uint64_t missing_first_ = 0; // elements [missing_first_, missing_end_) are known to be missing
    std::uint64_t missing_end_ = 0;
};

} // namespace kx
