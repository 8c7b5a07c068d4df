// SPDX-License-Identifier: GPL-2.0-or-later
// The logs of crashed kernels, in each of their three forms, in the memory of a CrashedKernel:
//
//     RingLog log;
//     log.add({.nanoseconds = 1'234'567'890, .text = "Linux version"});
//     auto file = log.kernel().vmcore().build();
#pragma once

#include "tests/unit/kdump/kernel/crashed_kernel.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kx::test {

inline std::string wire16(std::uint64_t value) {
    return raw_bytes(le16(static_cast<std::uint16_t>(value)));
}
inline std::string wire32(std::uint64_t value) {
    return raw_bytes(le32(static_cast<std::uint32_t>(value)));
}
inline std::string wire64(std::uint64_t value) {
    return raw_bytes(le64(value));
}

// A kernel whose variables stand one behind the other.
struct LogKernel : CrashedKernel {
    std::uint64_t next = 0xffffffff82000000;

    std::uint64_t variable(const std::string& content) {
        const std::uint64_t address = next;
        put(address, content);
        next = (address + content.size() + 63) & ~std::uint64_t{63};
        return address;
    }
    void symbol(std::string_view name, const std::string& content) {
        tell(fmt::format("SYMBOL({})={:x}", name, variable(content)));
    }
    void lines(std::initializer_list<std::string_view> all) {
        for (const std::string_view line : all)
            tell(std::string(line));
    }
};

// Before 3.5. `ring` is the whole buffer; log_end counts for ever.
inline LogKernel plain_log(const std::string& ring, std::uint32_t log_end, std::optional<std::uint32_t> logged = {}) {
    LogKernel kernel;
    kernel.symbol("log_buf", wire64(kernel.variable(ring)));
    kernel.symbol("log_buf_len", wire32(ring.size()));
    kernel.symbol("log_end", wire32(log_end));
    if (logged)
        kernel.symbol("logged_chars", wire32(*logged));
    return kernel;
}

// 3.5 to 5.9: a record with its padding. Lengths that are given are lies.
struct LogEntry {
    std::uint64_t nanoseconds = 0;
    std::string text;
    std::string dictionary;
    std::uint8_t facility = 0;
    std::uint8_t level = 6;
    std::optional<std::uint16_t> length, text_length, dictionary_length;
};

inline std::string log_record(const LogEntry& entry) {
    const std::uint64_t length = (16 + entry.text.size() + entry.dictionary.size() + 3) & ~std::uint64_t{3};
    std::string bytes = wire64(entry.nanoseconds) + wire16(entry.length.value_or(static_cast<std::uint16_t>(length))) +
                        wire16(entry.text_length.value_or(static_cast<std::uint16_t>(entry.text.size()))) +
                        wire16(entry.dictionary_length.value_or(static_cast<std::uint16_t>(entry.dictionary.size())));
    bytes += static_cast<char>(entry.facility);
    bytes += static_cast<char>(entry.level << 5);
    bytes += entry.text + entry.dictionary;
    bytes.resize(length);
    return bytes;
}

inline LogKernel record_log(const std::string& ring, std::uint32_t first, std::uint32_t next,
                            std::string_view name = "printk_log") {
    LogKernel kernel;
    kernel.symbol("log_buf", wire64(kernel.variable(ring)));
    kernel.symbol("log_buf_len", wire32(ring.size()));
    kernel.symbol("log_first_idx", wire32(first));
    kernel.symbol("log_next_idx", wire32(next));
    kernel.tell(fmt::format("SIZE({})=16", name));
    std::uint64_t offset = 0;
    for (const auto& [member, size] : {std::pair("ts_nsec", 8), {"len", 2}, {"text_len", 2}, {"dict_len", 2}}) {
        kernel.tell(fmt::format("OFFSET({}.{})={}", name, member, offset));
        offset += static_cast<std::uint64_t>(size);
    }
    return kernel;
}

// 5.10 and later. Texts are placed as the kernel does it.
class RingLog {
public:
    enum State : std::uint64_t { reserved, committed, finalized, reusable };
    static constexpr std::uint64_t id_mask = (std::uint64_t{1} << 62) - 1;

    struct Record {
        std::uint64_t nanoseconds = 0;
        std::string text;
        State state = finalized;
        std::uint32_t caller = 1;
        std::string subsystem = {};
        std::string device = {};
        std::optional<std::pair<std::uint64_t, std::uint64_t>> positions = {}; // begin, next
        std::optional<std::uint64_t> text_length = {};
        std::optional<std::uint64_t> stated_id = {};
    };

    explicit RingLog(unsigned log2_descs = 5, unsigned log2_data = 12)
        : desc_bits(log2_descs), data_bits(log2_data), next_id((id_mask + 1) - count() + 1), tail_id(next_id),
          position(0 - data_size()), data(data_size(), '\0') {}

    unsigned desc_bits, data_bits; // a test may lie with them once everything was added
    std::uint64_t next_id, tail_id;
    std::uint64_t position;
    std::uint64_t sequence = 0;
    std::string data;

    RingLog& add(const Record& record) {
        const auto [begin, next] = record.positions ? *record.positions : place(record.text);
        const std::uint64_t index = next_id & (count() - 1);
        descs_[index] = wire64(record.state << 62 | record.stated_id.value_or(next_id)) + wire64(begin) + wire64(next);
        std::string info = wire64(sequence++) + wire64(record.nanoseconds) +
                           wire16(record.text_length.value_or(record.text.size())) + std::string("\x02\xc0", 2) +
                           wire32(record.caller) + padded(record.subsystem, 16) + padded(record.device, 48);
        infos_[index] = std::move(info);
        next_id = (next_id + 1) & id_mask;
        if (((next_id - tail_id) & id_mask) > count())
            tail_id = (tail_id + 1) & id_mask;
        return *this;
    }

    LogKernel kernel() const {
        LogKernel kernel;
        const std::string unused = wire64(std::uint64_t{reusable} << 62) + wire64(1) + wire64(1);
        std::string descs;
        std::string infos;
        for (std::uint64_t i = 0; i < count(); ++i) {
            descs += descs_.contains(i) ? descs_.at(i) : unused;
            infos += infos_.contains(i) ? infos_.at(i) : std::string(88, '\0');
        }
        const std::uint64_t descs_at = kernel.variable(descs);
        const std::uint64_t infos_at = kernel.variable(infos);
        const std::uint64_t data_at = kernel.variable(data);
        const std::string desc_ring = wire64(desc_bits) + wire64(descs_at) + wire64(infos_at) +
                                      wire64((next_id - 1) & id_mask) + wire64(tail_id) + wire64(0);
        const std::string data_ring = wire64(data_bits) + wire64(data_at) + wire64(position) + wire64(0);
        kernel.symbol("prb", wire64(kernel.variable(desc_ring + data_ring + wire64(0))));
        kernel.lines({"SIZE(printk_ringbuffer)=88",
                      "OFFSET(printk_ringbuffer.desc_ring)=0",
                      "OFFSET(printk_ringbuffer.text_data_ring)=48",
                      "OFFSET(prb_desc_ring.count_bits)=0",
                      "OFFSET(prb_desc_ring.descs)=8",
                      "OFFSET(prb_desc_ring.infos)=16",
                      "OFFSET(prb_desc_ring.head_id)=24",
                      "OFFSET(prb_desc_ring.tail_id)=32",
                      "SIZE(prb_desc)=24",
                      "OFFSET(prb_desc.state_var)=0",
                      "OFFSET(prb_desc.text_blk_lpos)=8",
                      "OFFSET(prb_data_blk_lpos.begin)=0",
                      "OFFSET(prb_data_blk_lpos.next)=8",
                      "SIZE(printk_info)=88",
                      "OFFSET(printk_info.seq)=0",
                      "OFFSET(printk_info.ts_nsec)=8",
                      "OFFSET(printk_info.text_len)=16",
                      "OFFSET(printk_info.caller_id)=20",
                      "OFFSET(printk_info.dev_info)=24",
                      "OFFSET(dev_printk_info.subsystem)=0",
                      "LENGTH(printk_info_subsystem)=16",
                      "OFFSET(dev_printk_info.device)=16",
                      "LENGTH(printk_info_device)=48",
                      "OFFSET(prb_data_ring.size_bits)=0",
                      "OFFSET(prb_data_ring.data)=8",
                      "SIZE(atomic_long_t)=8",
                      "OFFSET(atomic_long_t.counter)=0"});
        return kernel;
    }

private:
    std::uint64_t count() const { return std::uint64_t{1} << desc_bits; }
    std::uint64_t data_size() const { return std::uint64_t{1} << data_bits; }

    static std::string padded(std::string text, std::size_t size) {
        text.resize(size);
        return text;
    }

    // A block is the id, the text and padding; one that would reach the end stands at the beginning, its id at both.
    std::pair<std::uint64_t, std::uint64_t> place(const std::string& text) {
        if (text.empty())
            return {3, 3};
        const std::uint64_t begin = position;
        const std::uint64_t size = (8 + text.size() + 7) & ~std::uint64_t{7};
        std::uint64_t at = begin & (data_size() - 1);
        data.replace(at, 8, wire64(next_id));
        position = begin + size;
        if (at + size >= data_size()) {
            position += data_size() - at;
            at = 0;
            data.replace(0, 8, wire64(next_id));
        }
        data.replace(at + 8, text.size(), text);
        return {begin, position};
    }

    std::map<std::uint64_t, std::string> descs_;
    std::map<std::uint64_t, std::string> infos_;
};

} // namespace kx::test
