/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The instances by id; who holds which memory and which CPU, the host among
 * them. README.md explains the locks.
 */
#ifndef MULTIKERNEL_CLAIMS_H
#define MULTIKERNEL_CLAIMS_H

#include <linux/mutex.h>
#include <linux/spinlock.h>

#include "instance.h"

/*
 * One change at a time. Held while a CPU is started or stopped, but never while
 * memory of users is read, nor while the host's own CPU hotplug works.
 */
extern struct mutex mk_changes;

/* What the host's callbacks and the readers of files look at. */
extern spinlock_t mk_claims;
extern struct list_head mk_instances;	/* by id */

/* The caller holds mk_changes or mk_claims. */
struct mk_instance *mk_find(s64 id);

/* These three take mk_claims; the caller holds mk_changes. */
int mk_list_add(struct mk_instance *inst);
void mk_list_del(struct mk_instance *inst);
void mk_set_status(struct mk_instance *inst, enum mk_status status);

/* The instance that has memory in the range, or 0. Under either lock. */
u32 mk_memory_holder(const struct mk_range *range);

/*
 * Makes the ranges the memory of the instance, in place of what it had; the
 * old ranges are the caller's again, or stay what they are when this fails.
 * From here on no block of the ranges can go online, so that whoever then
 * finds them offline may write to them.
 */
int mk_claim_memory(struct mk_instance *inst, struct mk_ranges *ranges);

/* A halted instance has given its CPUs back. The caller holds mk_claims. */
struct mk_instance *mk_cpu_holder(unsigned int cpu,
				  const struct mk_instance *except);

/*
 * The host's own claims; the caller holds mk_claims. Nobody may claim memory of
 * the block that the host is bringing online. An empty block: there is none.
 */
void mk_set_going_online(struct mk_range block);

/*
 * From the decision to suspend or reboot until the machine is back. No instance
 * is loaded or started then. The caller holds mk_claims.
 */
void mk_set_falling_asleep(bool asleep);
bool mk_falling_asleep(void);

#endif
