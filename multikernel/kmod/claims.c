// SPDX-License-Identifier: GPL-2.0
/* The instances by id, and who holds which memory and which CPU. */
#include <linux/slab.h>

#include "host.h"
#include "instance.h"

/* README.md explains both. */
DEFINE_MUTEX(mk_changes);
DEFINE_SPINLOCK(mk_claims);
LIST_HEAD(mk_instances);

/* The caller holds mk_changes or mk_claims. */
struct mk_instance *mk_find(s64 id)
{
	struct mk_instance *inst;

	list_for_each_entry(inst, &mk_instances, node) {
		if (inst->id == id && !mk_hidden(inst))
			return inst;
	}
	return NULL;
}

int mk_list_add(struct mk_instance *inst)
{
	struct mk_instance *next;
	int ret = 0;

	lockdep_assert_held(&mk_changes);
	list_for_each_entry(next, &mk_instances, node) {
		if (next->id == inst->id)
			return -EEXIST;
		if (next->id > inst->id)
			break;
	}
	spin_lock(&mk_claims);
	if (mk_falling_asleep())
		ret = -EBUSY;
	else
		list_add_tail(&inst->node, &next->node);
	spin_unlock(&mk_claims);
	return ret;
}

void mk_list_del(struct mk_instance *inst)
{
	lockdep_assert_held(&mk_changes);
	spin_lock(&mk_claims);
	list_del(&inst->node);
	spin_unlock(&mk_claims);
}

void mk_set_status(struct mk_instance *inst, enum mk_status status)
{
	lockdep_assert_held(&mk_changes);
	spin_lock(&mk_claims);
	inst->status = status;
	spin_unlock(&mk_claims);
}

/* The instance that has memory in the range, or 0. Under either lock. */
u32 mk_memory_holder(const struct mk_range *range)
{
	struct mk_instance *inst;
	unsigned int i;

	list_for_each_entry(inst, &mk_instances, node) {
		for (i = 0; inst->memory && i < inst->memory->nr; i++) {
			if (mk_overlap(range, &inst->memory->range[i]))
				return inst->id;
		}
	}
	return 0;
}

static int memory_is_claimed(const struct mk_instance *except,
			     const struct mk_range *range)
{
	struct mk_instance *inst;
	unsigned int i;

	list_for_each_entry(inst, &mk_instances, node) {
		if (inst == except || !inst->memory)
			continue;
		for (i = 0; i < inst->memory->nr; i++) {
			if (mk_overlap(range, &inst->memory->range[i]))
				return -EBUSY;
		}
	}
	return mk_going_online(range) ? -EADDRNOTAVAIL : 0;
}

/*
 * Makes the ranges the memory of the instance, in place of what it had; the
 * old ranges are the caller's again, or stay what they are when this fails.
 * From here on no block of the ranges can go online, so that whoever then
 * finds them offline may write to them.
 */
int mk_claim_memory(struct mk_instance *inst, struct mk_ranges *ranges)
{
	unsigned int i;
	int ret = 0;

	lockdep_assert_held(&mk_changes);
	spin_lock(&mk_claims);
	for (i = 0; ranges && i < ranges->nr && !ret; i++)
		ret = memory_is_claimed(inst, &ranges->range[i]);
	if (!ret)
		inst->memory = ranges;
	spin_unlock(&mk_claims);
	return ret;
}

/* A halted instance has given its CPUs back. The caller holds mk_claims. */
struct mk_instance *mk_cpu_holder(unsigned int cpu,
				  const struct mk_instance *except)
{
	struct mk_instance *inst;
	unsigned int i;

	lockdep_assert_held(&mk_claims);
	list_for_each_entry(inst, &mk_instances, node) {
		if (inst == except || !inst->cpus ||
		    inst->status == MK_HALTED || mk_hidden(inst))
			continue;
		for (i = 0; i < inst->cpus->nr; i++) {
			if (inst->cpus->cpu[i] == cpu)
				return inst;
		}
	}
	return NULL;
}
