/* SPDX-License-Identifier: GPL-2.0 */
/* CPUs that the host does not run, by APIC. They are named by logical number. */
#ifndef MULTIKERNEL_CPU_H
#define MULTIKERNEL_CPU_H

#include <linux/types.h>

struct mk_startup;

u32 mk_apic_id(unsigned int cpu);
bool mk_cpu_exists(s64 cpu);

/* Makes the CPU wait for a start, unless it has virtualization on. */
void mk_cpu_init(unsigned int cpu);

#define MK_ARRIVE_MS 2000

/* A CPU that is well needs less. */
#define MK_ARRIVE_SOON_MS 20

/*
 * Starts the CPU at `page` (physical, below 1 MiB) after INIT and waits until
 * it arrives. -EIO: it did not within `ms`, and waits again.
 */
int mk_cpu_start(unsigned int cpu, u64 page, const struct mk_startup *startup,
		 unsigned int ms);

#endif
