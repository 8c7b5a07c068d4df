/* SPDX-License-Identifier: GPL-2.0 */
/* What the host must not do while instances hold CPUs and memory. */
#ifndef MULTIKERNEL_HOST_H
#define MULTIKERNEL_HOST_H

#include "instance.h"

int mk_host_watch(void);
void mk_host_unwatch(void);

/* A block of the range is on its way online. The caller holds mk_claims. */
bool mk_going_online(const struct mk_range *range);

/* The machine is about to suspend or reboot. The caller holds mk_claims. */
bool mk_falling_asleep(void);

#endif
