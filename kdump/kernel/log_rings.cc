// SPDX-License-Identifier: GPL-2.0-or-later
// 5.10 and later: a ring of descriptors, one of as many printk_infos, and a ring of bytes for the texts. A descriptor
// has a number (id) that counts for ever, a state, and where its text begins and the next one does: logical positions
// that count for ever, too. A text that does not fit before the end of the ring stands at its beginning.
#include "kdump/kernel/log_forms.h"

#include <algorithm>

namespace kx {
namespace {

// The two upper bits of a descriptor's state variable; the others are its id.
enum class State { reserved, committed, finalized, reusable };
constexpr unsigned state_shift = 62;
constexpr std::uint64_t id_mask = (std::uint64_t{1} << state_shift) - 1;

constexpr std::uint64_t word = 8;        // texts begin with their descriptor's id, and are padded to whole words
constexpr std::uint64_t most_descs = 26; // bits: what the largest log has
constexpr std::uint64_t least_data = 3;  // bits
constexpr std::uint64_t most_data = 31;  // bits
constexpr std::uint64_t longest_text = UINT16_MAX;
constexpr std::uint64_t dataless_flag = 1; // of a logical position: there is no text, or it was lost

// Offsets of a prb_desc, and of a printk_info.
struct Layout {
    std::uint64_t desc_size, state, begin, next;
    std::uint64_t info_size, sequence, nanoseconds, text_length;
    std::optional<std::uint64_t> caller;
    std::optional<std::uint64_t> facility; // the level is in the three upper bits of the byte behind it
    struct Name {
        std::string_view key;
        std::uint64_t offset, length;
    };
    std::vector<Name> dictionary;
};

Result<Layout> layout_of(const Vmcoreinfo& info, const LogFacts& facts) {
    const std::uint64_t counter = KX_TRY(facts.offset("atomic_long_t.counter"));
    const std::uint64_t position = KX_TRY(facts.offset("prb_desc.text_blk_lpos"));
    Layout layout{.desc_size = KX_TRY(facts.size("prb_desc")),
                  .state = KX_TRY(facts.offset("prb_desc.state_var")) + counter,
                  .begin = position + KX_TRY(facts.offset("prb_data_blk_lpos.begin")),
                  .next = position + KX_TRY(facts.offset("prb_data_blk_lpos.next")),
                  .info_size = KX_TRY(facts.size("printk_info")),
                  .sequence = KX_TRY(facts.offset("printk_info.seq")),
                  .nanoseconds = KX_TRY(facts.offset("printk_info.ts_nsec")),
                  .text_length = KX_TRY(facts.offset("printk_info.text_len")),
                  .caller = info.offset("printk_info.caller_id")};
    // vmcoreinfo does not tell this member: it is the two bytes between two members that it tells.
    if (layout.caller && *layout.caller == layout.text_length + 4)
        layout.facility = layout.text_length + 2;
    if (const auto device_info = info.offset("printk_info.dev_info")) {
        const auto add = [&](std::string_view key, std::string_view member, std::string_view length) {
            const auto offset = info.offset(member);
            const auto size = info.length(length);
            if (offset && size)
                layout.dictionary.push_back({key, *device_info + *offset, *size});
        };
        add("SUBSYSTEM=", "dev_printk_info.subsystem", "printk_info_subsystem");
        add("DEVICE=", "dev_printk_info.device", "printk_info_device");
    }
    return layout;
}

// struct printk_ringbuffer, as found in memory.
struct Rings {
    std::uint64_t desc_bits, descs, infos, head_id, tail_id;
    std::uint64_t data_bits, data;
};

Result<Rings> rings_of(const KernelMemory& memory, const LogFacts& facts) {
    const std::uint64_t address = KX_TRY(facts.variable<le64>("prb"));
    std::vector<std::byte> content(KX_TRY(facts.size("printk_ringbuffer")));
    KX_TRY(memory.read(address, content));
    const ByteView all(content, address);
    const ByteView desc_ring = KX_TRY(all.from(KX_TRY(facts.offset("printk_ringbuffer.desc_ring"))));
    const ByteView data_ring = KX_TRY(all.from(KX_TRY(facts.offset("printk_ringbuffer.text_data_ring"))));
    const std::uint64_t counter = KX_TRY(facts.offset("atomic_long_t.counter"));
    const Rings rings{
        .desc_bits = KX_TRY(desc_ring.read<le32>(KX_TRY(facts.offset("prb_desc_ring.count_bits")))),
        .descs = KX_TRY(desc_ring.read<le64>(KX_TRY(facts.offset("prb_desc_ring.descs")))),
        .infos = KX_TRY(desc_ring.read<le64>(KX_TRY(facts.offset("prb_desc_ring.infos")))),
        .head_id = KX_TRY(desc_ring.read<le64>(KX_TRY(facts.offset("prb_desc_ring.head_id")) + counter)) & id_mask,
        .tail_id = KX_TRY(desc_ring.read<le64>(KX_TRY(facts.offset("prb_desc_ring.tail_id")) + counter)) & id_mask,
        .data_bits = KX_TRY(data_ring.read<le32>(KX_TRY(facts.offset("prb_data_ring.size_bits")))),
        .data = KX_TRY(data_ring.read<le64>(KX_TRY(facts.offset("prb_data_ring.data"))))};
    if (rings.desc_bits > most_descs || rings.data_bits < least_data || rings.data_bits > most_data)
        return fail(Errc::malformed, "printk_ringbuffer at {:#x}: 2^{} descriptors and 2^{} bytes of text", address,
                    rings.desc_bits, rings.data_bits);
    return rings;
}

class RingReader {
public:
    RingReader(const KernelMemory& memory, const Layout& layout, const Rings& rings, const TakeLogRecord& take)
        : layout_(layout), rings_(rings), descs_(memory, rings.descs, layout.desc_size, count()),
          infos_(memory, rings.infos, layout.info_size, count()), data_(memory, rings.data, data_size()), take_(take),
          text_left_(data_size()) {}

    std::uint64_t read() {
        const std::uint64_t records = std::min(((rings_.head_id - rings_.tail_id) & id_mask) + 1, count());
        const std::uint64_t first = rings_.head_id - (records - 1);
        bool wanted = true;
        for (std::uint64_t i = 0; i < records && wanted; ++i)
            wanted = read_one((first + i) & id_mask, records - i);
        return damaged_;
    }

private:
    std::uint64_t count() const { return std::uint64_t{1} << rings_.desc_bits; }
    std::uint64_t data_size() const { return std::uint64_t{1} << rings_.data_bits; }

    bool read_one(std::uint64_t id, std::uint64_t ahead) {
        const std::uint64_t index = id & (count() - 1);
        const auto desc = descs_.element(index, ahead);
        const auto state = desc ? member<le64>(*desc, layout_.state) : std::nullopt;
        if (!desc || !state)
            return damaged();
        const auto kind = static_cast<State>(*state >> state_shift);
        if (kind == State::reserved || kind == State::reusable)
            return true; // being written, or not used since
        const auto begin = member<le64>(*desc, layout_.begin);
        const auto next = member<le64>(*desc, layout_.next);
        const auto info = infos_.element(index, ahead);
        if ((*state & id_mask) != id || !begin || !next || !info)
            return damaged();
        const auto text = block(id, *begin, *next);
        if (!text)
            return damaged();
        return hand_out(*info, *text);
    }

    bool damaged() {
        ++damaged_;
        return true;
    }

    // The text behind the id of its descriptor; the blocks of a sound ring are disjoint.
    std::optional<std::string_view> block(std::uint64_t id, std::uint64_t begin, std::uint64_t next) {
        if ((begin & dataless_flag) && (next & dataless_flag))
            return std::string_view();
        if (begin % word != 0 || next % word != 0)
            return std::nullopt;
        const std::uint64_t wraps = std::uint64_t{1} << (64 - rings_.data_bits);
        const std::uint64_t begin_wrap = begin >> rings_.data_bits;
        const std::uint64_t next_wrap = (next - 1) >> rings_.data_bits; // a block may fill the ring to its end
        const std::uint64_t end = ((next - 1) & (data_size() - 1)) + 1;
        std::uint64_t offset = 0;
        if (begin_wrap == next_wrap)
            offset = begin & (data_size() - 1);
        else if ((begin_wrap + 1) % wraps != next_wrap)
            return std::nullopt;
        if (end < offset + word || end - offset > text_left_)
            return std::nullopt;
        // A text is at most as long as its length field can say; a damaged block may claim more.
        const std::uint64_t length = std::min(end - offset, word + longest_text);
        const auto bytes = data_.part(offset, length);
        if (!bytes)
            return std::nullopt;
        const auto owner = member<le64>(*bytes, 0);
        if (!owner || *owner != id)
            return std::nullopt;
        text_left_ -= end - offset;
        return std::string_view(reinterpret_cast<const char*>(bytes->bytes().data()) + word, length - word);
    }

    bool hand_out(ByteView info, std::string_view text) {
        const auto sequence = member<le64>(info, layout_.sequence);
        const auto nanoseconds = member<le64>(info, layout_.nanoseconds);
        const auto length = member<le16>(info, layout_.text_length);
        if (!sequence || !nanoseconds || !length)
            return damaged();
        LogRecord record;
        record.sequence = *sequence;
        record.nanoseconds = *nanoseconds;
        record.text = text.substr(0, *length);
        if (layout_.facility) {
            const auto bytes = member<le16>(info, *layout_.facility);
            record.facility = static_cast<std::uint8_t>(bytes ? *bytes & 0xff : 0);
            record.level = static_cast<std::uint8_t>(bytes ? *bytes >> 13 : 0);
        }
        const auto caller = layout_.caller ? member<le32>(info, *layout_.caller) : std::nullopt;
        const CallerName name(caller.value_or(0u));
        if (caller)
            record.caller = name.text();
        record.dictionary = dictionary_of(info);
        return take_(record);
    }

    std::string_view dictionary_of(ByteView info) {
        dictionary_.clear();
        for (const Layout::Name& name : layout_.dictionary) {
            if (name.offset >= info.size() || info.bytes()[name.offset] == std::byte{0})
                continue;
            const auto field = info.bytes().subspan(name.offset, std::min(name.length, info.size() - name.offset));
            const std::string_view all(reinterpret_cast<const char*>(field.data()), field.size());
            const std::string_view value = all.substr(0, all.find('\0'));
            if (value.empty())
                continue;
            if (!dictionary_.empty())
                dictionary_ += '\0';
            dictionary_.append(name.key).append(value);
        }
        return dictionary_;
    }

    const Layout& layout_;
    const Rings& rings_;
    LogArray descs_;
    LogArray infos_;
    LogBuffer data_;
    const TakeLogRecord& take_;
    std::uint64_t text_left_;
    std::uint64_t damaged_ = 0;
    std::string dictionary_;
};

} // namespace

Result<std::uint64_t> read_ring_log(const KernelMemory& memory, const TakeLogRecord& take) {
    const LogFacts facts(memory);
    if (const auto size = memory.vmcoreinfo().size("atomic_long_t"); size && *size != word)
        return fail(Errc::unsupported, "SIZE(atomic_long_t) is {}: logs of 32-bit kernels are not read", *size);
    const Layout layout = KX_TRY(layout_of(memory.vmcoreinfo(), facts));
    const Rings rings = KX_TRY(rings_of(memory, facts));
    const std::uint64_t each = layout.desc_size + layout.info_size;
    KX_TRY(check_log_size(memory, (std::uint64_t{1} << rings.data_bits) + (each << rings.desc_bits)));
    return RingReader(memory, layout, rings, take).read();
}

} // namespace kx
