/* SPDX-License-Identifier: GPL-2.0-or-later */
/* xxhash.h takes static_assert from here; it has no run-time assertions of its own. */
#ifndef PURGATORY_ASSERT_H
#define PURGATORY_ASSERT_H

#define static_assert _Static_assert

#endif
