// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/page_filter.h"

#include "kdump/kernel/memory.h"
#include "kdump/save/page_layout.h"
#include "kdump/save/page_map.h"

#include <algorithm>
#include <vector>

namespace kx {
namespace {

constexpr std::uint64_t read_size = std::uint64_t{2} << 20; // struct pages are read this many bytes at a time

bool leaves_out(unsigned level, PageKind kind) {
    switch (kind) {
    case PageKind::kept:
    case PageKind::zero:
        return false;
    case PageKind::poisoned:
    case PageKind::offline:
        return true;
    case PageKind::cache:
        return level & (leave_out::cache | leave_out::private_cache);
    case PageKind::private_cache:
        return level & leave_out::private_cache;
    case PageKind::user:
        return level & leave_out::user;
    case PageKind::free:
        return level & leave_out::free;
    }
    return false;
}

class Filter {
public:
    Filter(const KernelMemory& memory, const PageLayout& layout, const PageMap& map, unsigned level, PageSet& pages,
           LeftOut& left_out)
        : memory_(memory), layout_(layout), map_(map), level_(level), pages_(pages), left_out_(left_out) {}

    // False where `proceed` said so.
    bool judge_all(PageRun run, const std::function<bool()>& proceed) {
        for (std::uint64_t frame = run.begin; frame < run.end;) {
            if (!proceed())
                return false;
            const auto piece = map_.at(frame);
            if (!piece) {
                const std::uint64_t end = std::min(run.end, align_down(frame, 256) + 256);
                unjudged_ += end - frame;
                frame = end;
                continue;
            }
            const std::uint64_t end = std::min({run.end, piece->end, frame + read_size / layout_.size()});
            judge(frame, end, piece->address, end < std::min(run.end, piece->end));
            frame = end;
        }
        return true;
    }

    std::uint64_t unjudged() const { return unjudged_; }
    const std::string& first_error() const { return first_error_; }

private:
    // One struct page more than these is there to be read.
    void judge(std::uint64_t first, std::uint64_t end, std::uint64_t address, bool one_more) {
        const std::uint64_t size = layout_.size(), count = end - first;
        bytes_.resize((count + one_more) * size);
        if (auto read = memory_.read(address, bytes_); !read) {
            if (count > 32) { // memory maps may have holes of less than a section
                const std::uint64_t half = first + count / 2;
                judge(first, half, address, true);
                judge(half, end, address + (half - first) * size, one_more);
                return;
            }
            if (unjudged_ == 0)
                first_error_ = read.error().message;
            unjudged_ += count;
            return;
        }
        const std::span<const std::byte> all(bytes_);
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto page = all.subspan(i * size, size);
            const std::uint64_t frame = first + i;
            if (frame >= covered_until_ || !still_covered(page)) {
                const auto next = i + 1 < count + one_more ? all.subspan((i + 1) * size, size) : page.first(0);
                const PageVerdict verdict = layout_.judge(page, next);
                covering_ = verdict.kind;
                tails_ = verdict.tails;
                // Blocks are aligned to their size. One that is not was damaged, or being taken apart.
                covered_until_ = frame + (frame % verdict.pages == 0 ? verdict.pages : 1);
            }
            const PageKind kind = layout_.poisoned(page) ? PageKind::poisoned : covering_;
            if (leaves_out(level_, kind))
                take_out(frame, kind);
        }
    }

    // The first page of a block tells what the block is. If another page of it contradicts, the size must be wrong.
    bool still_covered(std::span<const std::byte> page) const {
        if (covering_ == PageKind::free)
            return layout_.may_be_free(page);
        return !tails_ || layout_.is_tail(page);
    }

    void take_out(std::uint64_t frame, PageKind kind) {
        if (!pages_.contains(frame))
            return;
        pages_.remove(frame);
        if (kind == PageKind::poisoned)
            ++left_out_.poisoned;
        else if (kind == PageKind::offline)
            ++left_out_.offline;
        else
            ++left_out_.by_level[static_cast<std::size_t>(kind)];
    }

    const KernelMemory& memory_;
    const PageLayout& layout_;
    const PageMap& map_;
    unsigned level_;
    PageSet& pages_;
    LeftOut& left_out_;
    std::vector<std::byte> bytes_;
    PageKind covering_ = PageKind::kept; // what the frames before covered_until_ are
    std::uint64_t covered_until_ = 0;
    bool tails_ = false; // they must be tails
    std::uint64_t unjudged_ = 0;
    std::string first_error_;
};

} // namespace

PageSet pages_in(const Dump& dump) {
    const std::uint64_t page_size = dump.page_size();
    PageSet pages;
    for (const PhysRange& range : dump.memory()) {
        const std::uint64_t end = (range.end - 1) / page_size + 1;
        std::uint64_t frame = range.begin / page_size;
        while (frame < end) {
            const auto run = dump.next_present(frame * page_size);
            if (!run || run->begin / page_size >= end)
                break;
            frame = std::min(run->end / page_size, end);
            pages.add({run->begin / page_size, frame});
        }
    }
    if (dump.format() == DumpFormat::elf || (!dump.incomplete() && dump.blocks_are_pages()))
        return pages;
    // If a kdump-compressed dump ends early, its descriptors tell which pages are there. A page of several blocks is
    // there if all of its blocks that are memory are.
    for (auto run = pages.next_run(0); run; run = pages.next_run(run->end)) {
        for (std::uint64_t frame = run->begin; frame < run->end; ++frame) {
            if (!dump.has_page(frame * page_size))
                pages.remove(frame);
        }
    }
    return pages;
}

LeftOut filter_pages(const Dump& dump, unsigned level, PageSet& pages, Notices& notices,
                     const std::function<bool()>& proceed) {
    LeftOut left_out;
    const auto only_zero = [&](std::string_view why) {
        if (level & ~leave_out::zero)
            notices.add("no page is left out but those of zeros: {}: {}", dump.path(), why);
    };
    const auto judge = [&]() -> Result<> {
        const KernelMemory memory = KX_TRY(KernelMemory::of(dump));
        if (memory.vmcoreinfo().text().empty())
            return no_vmcoreinfo(dump);
        const auto layout = PageLayout::of(memory.vmcoreinfo(), level, notices);
        if (!layout)
            return fail(Errc::unsupported, "vmcoreinfo does not tell SIZE(page) and OFFSET(page.flags)");
        const PageMap map = KX_TRY(PageMap::of(memory, dump.page_size(), layout->size()));
        Filter filter(memory, *layout, map, level, pages, left_out);
        for (auto run = pages.next_run(0); run; run = pages.next_run(run->end))
            if (!filter.judge_all(*run, proceed))
                return {};
        if (filter.unjudged())
            notices.add("{} pages are kept because their struct page cannot be read{}{}", filter.unjudged(),
                        filter.first_error().empty() ? "" : ": ", filter.first_error());
        return {};
    };
    if (auto judged = judge(); !judged)
        only_zero(judged.error().message);
    return left_out;
}

} // namespace kx
