// SPDX-License-Identifier: GPL-2.0-or-later
// Packs a set's pages by some threads and hands them on in order. Memory is bounded: two batches a thread.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/save/page_packer.h"
#include "kdump/save/page_set.h"
#include "kexec/core/result.h"

#include <functional>

namespace kx {

// `take` is called by the caller's thread, in the order of frames; where it returns false, nothing more is read. With
// one thread all is done by the caller's. An error where the compressor cannot be had, or memory runs
// out, in `take` too: what was taken before stays good.
Result<> pack_pages(const Dump& dump, const PageSet& pages, SaveCompression compression, unsigned threads,
                    const std::function<bool(PageBatch&)>& take);

} // namespace kx
