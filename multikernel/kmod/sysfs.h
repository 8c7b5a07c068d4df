/* SPDX-License-Identifier: GPL-2.0 */
/* /sys/fs/multikernel and /proc/kimage: doc/multikernel-abi.md. */
#ifndef MULTIKERNEL_SYSFS_H
#define MULTIKERNEL_SYSFS_H

#include "instance.h"

/* A callback's attribute has become const. */
#ifdef MK_CONST_BIN_ATTRIBUTE
#define mk_const const
#else
#define mk_const
#endif

int mk_sysfs_init(void);
void mk_sysfs_exit(void);

/* The folder of an instance, or NULL: no memory. */
struct kobject *mk_sysfs_add(u32 id);
/* Waits for readers and writers: not under mk_changes. */
void mk_sysfs_del(struct kobject *folder);

/* attributes.c */
int mk_attributes_add(struct kobject *folder);

/* pool.c: the text of `pool`. Freed by kvfree(). NULL: no memory. */
char *mk_pool_text(size_t *length);

int mk_procfs_init(void);
void mk_procfs_exit(void);

#endif
