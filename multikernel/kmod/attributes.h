/* SPDX-License-Identifier: GPL-2.0 */
/* The files of an instance in sysfs: doc/multikernel-abi.md. */
#ifndef MULTIKERNEL_ATTRIBUTES_H
#define MULTIKERNEL_ATTRIBUTES_H

/* A callback's attribute has become const. */
#ifdef MK_CONST_BIN_ATTRIBUTE
#define mk_const const
#else
#define mk_const
#endif

struct kobject;

int mk_attributes_add(struct kobject *folder);

#endif
