/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MULTIKERNEL_POOL_H
#define MULTIKERNEL_POOL_H

#include <linux/types.h>

/* The text of /sys/fs/multikernel/pool. Freed by kvfree(). NULL: no memory. */
char *mk_pool_text(size_t *length);

#endif
