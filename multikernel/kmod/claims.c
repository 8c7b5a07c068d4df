// SPDX-License-Identifier: GPL-2.0
/* The instances by id, and who holds which memory and which CPU. */
#include "claims.h"

/* claims.h says what each guards. */
DEFINE_MUTEX(mk_changes);
DEFINE_SPINLOCK(mk_claims);
LIST_HEAD(mk_instances);

/*
 * The block between MEM_GOING_ONLINE and MEM_ONLINE, under mk_claims. The
 * host brings one online at a time. In that window its pages do not count as
 * online yet, but nobody may claim them any more.
 */
static struct mk_range going_online;

static bool falling_asleep;	/* under mk_claims */

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
	if (falling_asleep)
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
	return mk_overlap(range, &going_online) ? -EADDRNOTAVAIL : 0;
}

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

void mk_set_going_online(struct mk_range block)
{
	lockdep_assert_held(&mk_claims);
	going_online = block;
}

void mk_set_falling_asleep(bool asleep)
{
	lockdep_assert_held(&mk_claims);
	falling_asleep = asleep;
}

bool mk_falling_asleep(void)
{
	lockdep_assert_held(&mk_claims);
	return falling_asleep;
}
