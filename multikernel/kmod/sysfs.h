/* SPDX-License-Identifier: GPL-2.0 */
/* /sys/fs/multikernel: doc/multikernel-abi.md. */
#ifndef MULTIKERNEL_SYSFS_H
#define MULTIKERNEL_SYSFS_H

#include <linux/types.h>

struct kobject;

int mk_sysfs_init(void);
void mk_sysfs_exit(void);

/* The folder of an instance, or NULL: no memory. */
struct kobject *mk_sysfs_add(u32 id);
/* Waits for readers and writers: not under mk_changes. */
void mk_sysfs_del(struct kobject *folder);

#endif
