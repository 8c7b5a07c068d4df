/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MULTIKERNEL_PLATFORM_H
#define MULTIKERNEL_PLATFORM_H

/* -ENODEV, and a sentence in the log: here CPUs cannot be started by INIT. */
int mk_platform_check(void);

#endif
