/* SPDX-License-Identifier: GPL-2.0 */
/* /sys/fs/multikernel and /proc/kimage: doc/multikernel-abi.md. */
#ifndef MULTIKERNEL_SYSFS_H
#define MULTIKERNEL_SYSFS_H

#include "instance.h"

int mk_sysfs_init(void);
void mk_sysfs_exit(void);

/* Zeroed; freed by kobject_put(). */
struct mk_instance *mk_sysfs_new(void);

/* The folder of an instance appears and goes. */
int mk_sysfs_add(struct mk_instance *inst);
/* Waits for readers and writers: not under mk_changes. */
void mk_sysfs_del(struct mk_instance *inst);

/* pool.c: the text of `pool`. Freed by kvfree(). NULL: no memory. */
char *mk_pool_text(size_t *length);

int mk_procfs_init(void);
void mk_procfs_exit(void);

#endif
