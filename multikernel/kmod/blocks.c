// SPDX-License-Identifier: GPL-2.0
/*
 * Before a memory module is ejected, ACPI asks the driver core to put its
 * blocks offline. Of a block that is offline already the memory notifier is
 * told nothing; but a device that is marked as not to be put offline is
 * refused in every state, and the eject with it.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/io.h>
#include <linux/kobject.h>
#include <linux/memory.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "blocks.h"
#include "claims.h"

/* So that a block is not released after another load has taken it. */
static DEFINE_MUTEX(marks);

/*
 * With a reference, or NULL. The kernel's function for it is not exported: but
 * all devices are in one set, that of any CPU too.
 */
static struct device *block_device(u64 at)
{
	struct device *any = get_cpu_device(cpumask_first(cpu_online_mask));
	struct kobject *found;
	char name[32];

	snprintf(name, sizeof(name), "memory%llu",
		 at / memory_block_size_bytes());
	found = any ? kset_find_obj(any->kobj.kset, name) : NULL;
	if (!found)
		return NULL;
	if (!kobj_to_dev(found)->bus ||
	    strcmp(kobj_to_dev(found)->bus->name, "memory")) {
		kobject_put(found);
		return NULL;
	}
	return kobj_to_dev(found);
}

static void mark(struct device *block, bool stays)
{
	device_lock(block);
#ifdef MK_DEVICE_FLAG_FUNCTIONS
	if (stays)
		dev_set_offline_disabled(block);
	else
		dev_clear_offline_disabled(block);
#else
	block->offline_disabled = stays;
#endif
	device_unlock(block);
}

/* Reserved and low memory cannot be ejected: its blocks cannot go offline. */
static bool can_be_ejected(const struct mk_range *range)
{
	return range->begin >= SZ_1M && page_is_ram(PHYS_PFN(range->begin));
}

static u64 block_begin(const struct mk_range *range)
{
	return ALIGN_DOWN(range->begin, memory_block_size_bytes());
}

static int hold(const struct mk_range *range)
{
	struct device *block;
	u64 at;

	for (at = block_begin(range); at < range->end;
	     at += memory_block_size_bytes()) {
		block = block_device(at);
		if (!block)
			return -EADDRNOTAVAIL;
		mark(block, true);
		put_device(block);
	}
	return 0;
}

int mk_blocks_hold(const struct mk_ranges *ranges)
{
	unsigned int i;
	int ret = 0;

	mutex_lock(&marks);
	for (i = 0; i < ranges->nr && !ret; i++) {
		if (can_be_ejected(&ranges->range[i]))
			ret = hold(&ranges->range[i]);
	}
	mutex_unlock(&marks);
	return ret;
}

static bool is_claimed(u64 begin)
{
	struct mk_range block = { begin, begin + memory_block_size_bytes() };
	bool claimed;

	spin_lock(&mk_claims);
	claimed = mk_memory_holder(&block);
	spin_unlock(&mk_claims);
	return claimed;
}

static void release(const struct mk_range *range)
{
	struct device *block;
	u64 at;

	for (at = block_begin(range); at < range->end;
	     at += memory_block_size_bytes()) {
		block = is_claimed(at) ? NULL : block_device(at);
		if (!block)
			continue;
		mark(block, false);
		put_device(block);
	}
}

void mk_blocks_release(const struct mk_ranges *ranges)
{
	unsigned int i;

	mutex_lock(&marks);
	for (i = 0; i < ranges->nr; i++) {
		if (can_be_ejected(&ranges->range[i]))
			release(&ranges->range[i]);
	}
	mutex_unlock(&marks);
}
