// SPDX-License-Identifier: GPL-2.0-or-later
// Removes from a set the pages that a level leaves out, as the crashed kernel's struct pages tell. Which pages are
// zeros is not known before they are read.
#pragma once

#include "kdump/dump/dump.h"
#include "kdump/save/page_set.h"
#include "kdump/save/save.h"
#include "kexec/core/notices.h"
#include "kexec/core/result.h"

#include <functional>

namespace kx {

// Never an error: pages that cannot be judged stay in the set, and a notice says why. Damaged and offline pages are
// removed at any level. `proceed` is asked every few thousand pages; if it returns false, the pages that were not
// judged yet stay in the set.
LeftOut filter_pages(const Dump& dump, unsigned level, PageSet& pages, Notices& notices,
                     const std::function<bool()>& proceed);

// The pages that the source has.
PageSet pages_in(const Dump& dump);

} // namespace kx
