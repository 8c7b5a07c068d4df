/* SPDX-License-Identifier: GPL-2.0 */
/* Memory below 1 MiB, where a CPU starts and an instance has real-mode code. */
#ifndef MULTIKERNEL_LOW_H
#define MULTIKERNEL_LOW_H

#include "instance.h"

int mk_low_init(void);

/* Every page of the range may be used by instances. */
bool mk_low_usable(const struct mk_range *range);

/* The next usable range at or above *at, which is moved to its end. */
bool mk_low_next(u64 *at, struct mk_range *range);

/* A page that no instance holds, or 0. */
u64 mk_low_free_page(void);

/* A kernel has put its real-mode code into the range. */
bool mk_low_has_kernel(const struct mk_range *range);

void mk_low_clear(const struct mk_range *range);

#endif
