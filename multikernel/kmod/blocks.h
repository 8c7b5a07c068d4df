/* SPDX-License-Identifier: GPL-2.0 */
/* Memory blocks (/sys/devices/system/memory) that must not be pulled out. */
#ifndef MULTIKERNEL_BLOCKS_H
#define MULTIKERNEL_BLOCKS_H

#include "instance.h"

/*
 * While an instance has memory of a block, the host does not let go of it.
 * -EADDRNOTAVAIL: a block is gone. What was claimed is held, also when this
 * fails.
 */
int mk_blocks_hold(const struct mk_ranges *ranges);

/* The blocks of the ranges that no instance claims any more. */
void mk_blocks_release(const struct mk_ranges *ranges);

#endif
