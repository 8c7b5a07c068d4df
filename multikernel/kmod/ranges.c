// SPDX-License-Identifier: GPL-2.0
/* Lists of physical ranges. */
#include <linux/slab.h>

#include "ranges.h"

int mk_ranges_add(struct mk_ranges **ranges, const struct mk_range *range)
{
	unsigned int nr = *ranges ? (*ranges)->nr : 0;
	struct mk_ranges *longer;

	longer = krealloc(*ranges, struct_size(longer, range, nr + 1),
			  GFP_KERNEL);
	if (!longer)
		return -ENOMEM;
	longer->range[nr] = *range;
	longer->nr = nr + 1;
	*ranges = longer;
	return 0;
}

/* The end of the entry that holds `at`, or `at` itself. */
static u64 covered_until(const struct mk_ranges *ranges, u64 at)
{
	unsigned int i;

	for (i = 0; ranges && i < ranges->nr; i++) {
		if (ranges->range[i].begin <= at && at < ranges->range[i].end)
			return ranges->range[i].end;
	}
	return at;
}

bool mk_ranges_cover(const struct mk_ranges *ranges,
		     const struct mk_range *range)
{
	u64 next, at = range->begin;

	while (at < range->end) {
		next = covered_until(ranges, at);
		if (next == at)
			return false;
		at = next;
	}
	return true;
}

bool mk_ranges_touch(const struct mk_ranges *ranges,
		     const struct mk_range *range)
{
	unsigned int i;

	for (i = 0; ranges && i < ranges->nr; i++) {
		if (mk_overlap(&ranges->range[i], range))
			return true;
	}
	return false;
}

struct mk_ranges *mk_ranges_join(const struct mk_range *a, unsigned int nr_a,
				 const struct mk_range *b, unsigned int nr_b)
{
	struct mk_ranges *all;

	all = kmalloc(struct_size(all, range, nr_a + nr_b), GFP_KERNEL);
	if (!all)
		return NULL;
	all->nr = nr_a + nr_b;
	memcpy(all->range, a, nr_a * sizeof(*a));
	if (nr_b)
		memcpy(all->range + nr_a, b, nr_b * sizeof(*b));
	return all;
}
