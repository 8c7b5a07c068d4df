/* SPDX-License-Identifier: GPL-2.0 */
/* Lists of physical ranges. */
#ifndef MULTIKERNEL_RANGES_H
#define MULTIKERNEL_RANGES_H

#include "instance.h"

/* *ranges is NULL while there are none; freed by kfree(). */
int mk_ranges_add(struct mk_ranges **ranges, const struct mk_range *range);

/* Every address of the range is in the list; entries may meet inside it. */
bool mk_ranges_cover(const struct mk_ranges *ranges,
		     const struct mk_range *range);

/* Some address of the range is in the list. */
bool mk_ranges_touch(const struct mk_ranges *ranges,
		     const struct mk_range *range);

/* A new list of both. NULL: no memory. */
struct mk_ranges *mk_ranges_join(const struct mk_range *a, unsigned int nr_a,
				 const struct mk_range *b, unsigned int nr_b);

#endif
