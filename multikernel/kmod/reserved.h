/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MULTIKERNEL_RESERVED_H
#define MULTIKERNEL_RESERVED_H

#include "instance.h"

int mk_reserved_init(void);
void mk_reserved_exit(void);

/* memmap= has reserved the whole range, and the firmware needs none of it. */
bool mk_reserved_by_parameter(const struct mk_range *range);

#endif
