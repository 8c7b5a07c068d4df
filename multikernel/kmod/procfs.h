/* SPDX-License-Identifier: GPL-2.0 */
/* /proc/kimage: doc/multikernel-abi.md. */
#ifndef MULTIKERNEL_PROCFS_H
#define MULTIKERNEL_PROCFS_H

int mk_procfs_init(void);
void mk_procfs_exit(void);

#endif
