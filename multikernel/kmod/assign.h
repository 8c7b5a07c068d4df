/* SPDX-License-Identifier: GPL-2.0 */
/* Memory and CPUs of an instance that is loaded, as its files are written. */
#ifndef MULTIKERNEL_ASSIGN_H
#define MULTIKERNEL_ASSIGN_H

#include "instance.h"

/* Each takes what it is given when it succeeds. */
int mk_assign_memory(u32 id, struct mk_ranges *ranges);
int mk_assign_cpus(u32 id, struct mk_cpus *cpus);

#endif
