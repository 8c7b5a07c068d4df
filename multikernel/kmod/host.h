/* SPDX-License-Identifier: GPL-2.0 */
/* What the host must not do while instances hold CPUs and memory. */
#ifndef MULTIKERNEL_HOST_H
#define MULTIKERNEL_HOST_H

int mk_host_watch(void);
void mk_host_unwatch(void);

#endif
