/* SPDX-License-Identifier: GPL-2.0 */
/* Who may do what: as the kernel decides for its own kexec_load(2). */
#ifndef MULTIKERNEL_PERMISSION_H
#define MULTIKERNEL_PERMISSION_H

int mk_may_load(void);
int mk_may_start(void);
int mk_may_halt(void);

#endif
