// SPDX-License-Identifier: GPL-2.0-or-later
// Several threads pack the pages of a set; they are handed on in order. Holds at most two batches a thread in memory.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/save/page_packer.h"
#include "kdump/save/page_set.h"
#include "kexec/core/result.h"

#include <functional>

namespace kx {

// The caller's thread calls `take`, in the order of frames; if it returns false, nothing more is read. With one thread
// the caller's thread does everything. An error if there is no such compressor, or if memory runs out, also inside
// `take`: what was taken before stays good.
Result<> pack_pages(const Dump& dump, const PageSet& pages, Compression compression, unsigned threads,
                    const std::function<bool(PageBatch&)>& take);

} // namespace kx
