// SPDX-License-Identifier: GPL-2.0
/* Memory and CPUs of an instance that is loaded, as its files are written. */
#include <linux/slab.h>

#include "assign.h"
#include "blocks.h"
#include "claims.h"
#include "cpu.h"
#include "host_cpu.h"
#include "memory.h"
#include "ranges.h"
#include "startup.h"

static bool holds_segments(const struct mk_ranges *ranges,
			   const struct mk_instance *inst)
{
	unsigned int i, j;

	for (i = 0; i < inst->nr_segments; i++) {
		for (j = 0; j < ranges->nr; j++) {
			if (mk_inside(&inst->segments[i], &ranges->range[j]))
				break;
		}
		if (j == ranges->nr)
			return false;
	}
	return true;
}

/*
 * Claims old and new memory together while the new is being looked at: else a
 * block of the old could go online before it turns out that it stays ours.
 */
static int exchange_memory(struct mk_instance *inst, struct mk_ranges *ranges)
{
	struct mk_ranges *old = inst->memory, *both;
	struct mk_startup *startup;
	int ret;

	both = mk_ranges_join(old->range, old->nr, ranges->range, ranges->nr);
	if (!both)
		return -ENOMEM;
	ret = mk_claim_memory(inst, both);
	if (ret)
		goto free;
	ret = mk_memory_check(ranges);
	if (ret)
		goto keep_old;
	ret = mk_blocks_hold(ranges);
	if (ret)
		goto release_new;
	startup = mk_startup_new(inst->entry, ranges);
	if (!startup) {
		ret = -ENOMEM;
		goto release_new;
	}
	mk_startup_free(inst->startup);
	inst->startup = startup;
	mk_claim_memory(inst, ranges);
	mk_blocks_release(old);
	kfree(old);
	goto free;

release_new:
	mk_claim_memory(inst, old);
	mk_blocks_release(ranges);
	goto free;
keep_old:
	mk_claim_memory(inst, old);
free:
	kfree(both);
	return ret;
}

int mk_assign_memory(u32 id, struct mk_ranges *ranges)
{
	struct mk_instance *inst;
	int ret;

	if (mutex_lock_killable(&mk_changes))
		return -EINTR;
	inst = mk_find(id);
	if (!inst)
		ret = -ENODEV;
	else if (inst->status != MK_LOADED)
		ret = -EBUSY;
	else if (!holds_segments(ranges, inst))
		ret = -EADDRNOTAVAIL;
	else
		ret = exchange_memory(inst, ranges);
	mutex_unlock(&mk_changes);
	return ret;
}

static int assign_cpus(struct mk_instance *inst, struct mk_cpus *cpus,
		       bool threads)
{
	struct mk_cpus *before = inst->cpus;
	unsigned int i;
	int ret;

	for (i = 0; i < cpus->nr; i++) {
		if (!mk_cpu_exists(cpus->cpu[i]))
			return -ENODEV;
	}
	ret = mk_cpus_allowed(cpus, threads);
	if (ret)
		return ret;
	spin_lock(&mk_claims);
	for (i = 0; i < cpus->nr && !ret; i++) {
		if (mk_cpu_holder(cpus->cpu[i], inst))
			ret = -EBUSY;
	}
	if (!ret)
		inst->cpus = cpus;
	spin_unlock(&mk_claims);
	if (!ret)
		kfree(before);
	return ret;
}

int mk_assign_cpus(u32 id, struct mk_cpus *cpus)
{
	bool threads = mk_threads_allowed();
	struct mk_instance *inst;
	int ret;

	if (mutex_lock_killable(&mk_changes))
		return -EINTR;
	inst = mk_find(id);
	if (!inst)
		ret = -ENODEV;
	else if (inst->status != MK_LOADED)
		ret = -EBUSY;
	else
		ret = assign_cpus(inst, cpus, threads);
	mutex_unlock(&mk_changes);
	return ret;
}
