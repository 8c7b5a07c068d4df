/* SPDX-License-Identifier: GPL-2.0 */
/* Memory that instances may have, and writing to it. */
#ifndef MULTIKERNEL_MEMORY_H
#define MULTIKERNEL_MEMORY_H

#include "instance.h"

/*
 * -EADDRNOTAVAIL unless every range is of one of the three kinds of
 * doc/multikernel-abi.md, and none of it is known to be broken. The ranges must
 * have been claimed before: else a block that is offline now may be online a
 * moment later.
 */
int mk_memory_check(const struct mk_ranges *ranges);

/* Writes `bufsz` bytes to a range that was claimed and checked, zeroes after. */
int mk_memory_fill(const struct mk_range *to, const void __user *buf,
		   u64 bufsz);

#endif
