// SPDX-License-Identifier: GPL-2.0-or-later
#include "kdump/save/pipeline.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace kx {
namespace {

std::unexpected<Error> no_memory() {
    return fail(Errc::io, "there is not enough memory to pack more pages; fewer threads (--jobs=1) take less");
}

// Deals out frames, a batch at a time.
class Dealer {
public:
    Dealer(const PageSet& pages, std::uint64_t page_size) : pages_(pages), most_(PageBatch::most_bytes / page_size) {}

    bool deal(PageBatch& batch) {
        batch.frames.clear();
        while (batch.frames.size() < most_) {
            const auto run = pages_.next_run(next_, most_ - batch.frames.size());
            if (!run)
                break;
            for (std::uint64_t frame = run->begin; frame < run->end; ++frame)
                batch.frames.push_back(frame);
            next_ = run->end;
        }
        return !batch.frames.empty();
    }

private:
    const PageSet& pages_;
    std::size_t most_; // frames of a batch
    std::uint64_t next_ = 0;
};

// A ring of batches: each is dealt to a worker, packed, and taken in the order of dealing.
class Ring {
public:
    Ring(Dealer dealer, std::size_t slots) : dealer_(dealer), slots_(slots) {}

    // Memory may run out in it: then the ring ends, and take_all tells.
    void work(PagePacker& packer) {
        try {
            deal_and_pack(packer);
        } catch (const std::bad_alloc&) {
            end();
        }
    }

    // Nothing more is dealt.
    void end() {
        const std::lock_guard lock(mutex_);
        ended_ = broken_ = true;
        room_.notify_all();
        ready_.notify_all();
    }

    Result<> take_all(const std::function<bool(PageBatch&)>& take) {
        std::unique_lock lock(mutex_);
        for (;;) {
            Slot& slot = slots_[taken_ % slots_.size()];
            ready_.wait(lock, [&] { return broken_ || (taken_ < dealt_ ? slot.packed : ended_); });
            if (broken_ && !slot.packed)
                return no_memory();
            if (taken_ == dealt_)
                return {};
            lock.unlock();
            const bool more = take(slot.batch);
            lock.lock();
            slot.packed = false;
            ++taken_;
            if (!more)
                ended_ = true;
            room_.notify_all();
            if (!more)
                return {};
        }
    }

private:
    void deal_and_pack(PagePacker& packer) {
        std::unique_lock lock(mutex_);
        for (;;) {
            room_.wait(lock, [&] { return ended_ || dealt_ - taken_ < slots_.size(); });
            if (ended_)
                return;
            Slot& slot = slots_[dealt_ % slots_.size()];
            if (!dealer_.deal(slot.batch)) {
                ended_ = true;
                room_.notify_all();
                ready_.notify_all();
                return;
            }
            ++dealt_;
            lock.unlock();
            packer.pack(slot.batch);
            lock.lock();
            slot.packed = true;
            ready_.notify_one();
        }
    }

    struct Slot {
        PageBatch batch;
        bool packed = false;
    };
    std::mutex mutex_;
    std::condition_variable room_;  // a slot was taken, or all ended
    std::condition_variable ready_; // a slot was packed, or nothing more is dealt
    Dealer dealer_;
    std::vector<Slot> slots_;
    std::uint64_t dealt_ = 0;
    std::uint64_t taken_ = 0;
    bool ended_ = false;
    bool broken_ = false; // a batch that was dealt may never be packed
};

Result<> pack_alone(PagePacker& packer, Dealer dealer, const std::function<bool(PageBatch&)>& take) {
    for (PageBatch batch; dealer.deal(batch);) {
        packer.pack(batch);
        if (!take(batch))
            break;
    }
    return {};
}

Result<> pack_together(std::vector<PagePacker>& packers, Dealer dealer, const std::function<bool(PageBatch&)>& take) {
    Ring ring(dealer, packers.size() * 2);
    std::vector<std::jthread> workers;
    // The workers are waited for at the end of this function, whatever ends it.
    struct End {
        Ring& ring;
        ~End() { ring.end(); }
    };
    const End end{ring};
    workers.reserve(packers.size());
    for (PagePacker& packer : packers) {
        try {
            workers.emplace_back([&ring, &packer] { ring.work(packer); });
        } catch (const std::system_error&) { // no more threads to be had: those that are there do it
            break;
        }
    }
    if (workers.empty())
        return pack_alone(packers[0], dealer, take);
    return ring.take_all(take);
}

} // namespace

Result<> pack_pages(const Dump& dump, const PageSet& pages, SaveCompression compression, unsigned threads,
                    const std::function<bool(PageBatch&)>& take) {
    try {
        std::vector<PagePacker> packers;
        for (unsigned i = 0; i < std::max(threads, 1u); ++i)
            packers.push_back(KX_TRY(PagePacker::make(dump, compression)));
        const Dealer dealer(pages, dump.page_size());
        if (packers.size() == 1)
            return pack_alone(packers[0], dealer, take);
        return pack_together(packers, dealer, take);
    } catch (const std::bad_alloc&) {
        return no_memory();
    }
}

} // namespace kx
