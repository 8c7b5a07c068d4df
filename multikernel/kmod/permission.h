/* SPDX-License-Identifier: GPL-2.0 */
/* Who may do what: as the kernel decides for its own kexec_load(2). */
#ifndef MULTIKERNEL_PERMISSION_H
#define MULTIKERNEL_PERMISSION_H

#include <linux/types.h>

/* kexec_load(2). Counts where the administrator has limited the loads. */
int mk_may_load(void);

/* Writing to the files of an instance that is loaded. */
int mk_may_change(void);

int mk_may_start(void);
int mk_may_halt(void);

/* The caller's pid 1 is the machine's. Others reboot their container only. */
bool mk_may_reboot_machine(void);

#endif
