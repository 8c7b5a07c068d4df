// SPDX-License-Identifier: GPL-2.0-or-later
// Takes the pages that a level leaves out of a set, by the crashed kernel's struct pages. Pages of zeros are not known
// before they are read.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/save/page_set.h"
#include "kdump/save/save.h"
#include "kexec/core/notices.h"
#include "kexec/core/result.h"

#include <functional>

namespace kx {

// Never an error: what cannot be judged stays in the set, and a notice says why. Pages that are damaged or offline are
// taken out at any level.
// `proceed` is asked every few thousand pages; false: what is not judged yet stays.
LeftOut filter_pages(const Dump& dump, unsigned level, PageSet& pages, Notices& notices,
                     const std::function<bool()>& proceed);

// The pages that the source has.
PageSet pages_in(const Dump& dump);

} // namespace kx
