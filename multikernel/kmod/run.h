/* SPDX-License-Identifier: GPL-2.0 */
/* reboot(2): an instance starts and is stopped. */
#ifndef MULTIKERNEL_RUN_H
#define MULTIKERNEL_RUN_H

#include <linux/types.h>

int mk_start(s32 id, s32 cpu);
int mk_force_halt(s32 id);

/* For the host's end. -EIO: a CPU has not stopped. */
int mk_halt_all(void);

bool mk_any_active(void);

#endif
