// SPDX-License-Identifier: GPL-2.0
/* kexec_load(2): images come and go. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "blocks.h"
#include "claims.h"
#include "image.h"
#include "low.h"
#include "memory.h"
#include "ranges.h"
#include "startup.h"
#include "sysfs.h"

/* As user space passes it (kexec_load(2)). */
struct user_segment {
	u64 buf;
	u64 bufsz;
	u64 mem;
	u64 memsz;
};

static int check_segment(const struct user_segment *seg, struct mk_range *range)
{
	if (!seg->memsz || seg->bufsz > seg->memsz)
		return -EINVAL;
	if (!PAGE_ALIGNED(seg->mem) || !PAGE_ALIGNED(seg->memsz))
		return -EINVAL;
	range->begin = seg->mem;
	if (check_add_overflow(seg->mem, seg->memsz, &range->end))
		return -EINVAL;
	return 0;
}

/* Fills in the segments of the instance. */
static int check_segments(struct mk_instance *inst,
			  const struct user_segment *segs)
{
	bool entry_found = false;
	unsigned int i, j;
	int ret;

	for (i = 0; i < inst->nr_segments; i++) {
		struct mk_range *range = &inst->segments[i];

		ret = check_segment(&segs[i], range);
		if (ret)
			return ret;
		for (j = 0; j < i; j++) {
			if (mk_overlap(range, &inst->segments[j]))
				return -EINVAL;
		}
		if (range->begin <= inst->entry && inst->entry < range->end)
			entry_found = true;
	}
	return entry_found ? 0 : -EINVAL;
}

static int fill_segments(struct mk_instance *inst,
			 const struct user_segment *segs)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < inst->nr_segments && !ret; i++) {
		ret = mk_memory_fill(&inst->segments[i],
				     u64_to_user_ptr(segs[i].buf),
				     segs[i].bufsz);
	}
	return ret;
}

/* Real-mode code that a second kernel has left must not look like the host's. */
static void clear_low_memory(const struct mk_ranges *ranges)
{
	unsigned int i;

	for (i = 0; i < ranges->nr; i++) {
		if (ranges->range[i].end <= SZ_1M)
			mk_low_clear(&ranges->range[i]);
	}
}

/* Claims its segments' memory and puts the instance into the list, hidden. */
static int reserve_place(struct mk_instance *inst, struct mk_ranges *ranges)
{
	int ret;

	if (mutex_lock_killable(&mk_changes))
		return -EINTR;
	ret = mk_list_add(inst);
	if (ret)
		goto unlock;
	ret = mk_claim_memory(inst, ranges);
	if (ret)
		mk_list_del(inst);
unlock:
	mutex_unlock(&mk_changes);
	return ret;
}

/* Frees the memory for others, and the ranges. The instance is hidden. */
static void give_back(struct mk_instance *inst, bool held)
{
	struct mk_ranges *ranges = inst->memory;

	mutex_lock(&mk_changes);
	mk_claim_memory(inst, NULL);
	mutex_unlock(&mk_changes);
	if (held)
		mk_blocks_release(ranges);
	kfree(ranges);
}

static void leave_list(struct mk_instance *inst)
{
	mutex_lock(&mk_changes);
	mk_list_del(inst);
	mutex_unlock(&mk_changes);
}

/*
 * Without mk_changes: a page of the caller may take for ever to arrive. What
 * is written is the memory that was claimed, and nothing else.
 */
static int fill_instance(struct mk_instance *inst,
			 const struct user_segment *segs)
{
	int ret;

	inst->startup = mk_startup_new(inst->entry, inst->memory);
	if (!inst->startup)
		return -ENOMEM;
	ret = fill_segments(inst, segs);
	if (!ret) {
		inst->folder = mk_sysfs_add(inst->id);
		if (inst->folder)
			return 0;
		ret = -ENOMEM;
	}
	clear_low_memory(inst->memory);
	return ret;
}

static int add_instance(struct mk_instance *inst,
			const struct user_segment *segs)
{
	struct mk_ranges *ranges;
	bool held = false;
	int ret;

	ranges = mk_ranges_join(inst->segments, inst->nr_segments, NULL, 0);
	if (!ranges)
		return -ENOMEM;
	ret = reserve_place(inst, ranges);
	if (ret) {
		kfree(ranges);
		return ret;
	}
	ret = mk_memory_check(ranges);
	if (!ret) {
		held = true;
		ret = mk_blocks_hold(ranges);
	}
	if (!ret)
		ret = fill_instance(inst, segs);
	if (ret) {
		give_back(inst, held);
		leave_list(inst);
		return ret;
	}
	mutex_lock(&mk_changes);
	mk_set_status(inst, MK_LOADED);
	mutex_unlock(&mk_changes);
	return 0;
}

int mk_image_load(u32 id, u64 entry, unsigned long nr_segments,
		  const void __user *segments)
{
	struct user_segment segs[MK_SEGMENTS_MAX];
	struct mk_instance *inst;
	int ret;

	if (nr_segments > MK_SEGMENTS_MAX)
		return -EINVAL;
	if (copy_from_user(segs, segments, nr_segments * sizeof(segs[0])))
		return -EFAULT;
	inst = kzalloc(sizeof(*inst), GFP_KERNEL);
	if (!inst)
		return -ENOMEM;
	inst->id = id;
	inst->entry = entry;
	inst->nr_segments = nr_segments;

	ret = check_segments(inst, segs);
	if (!ret)
		ret = add_instance(inst, segs);
	if (ret) {
		mk_startup_free(inst->startup);
		kfree(inst);
		return ret;
	}
	pr_info("instance %u: loaded, entry %#llx\n", id, entry);
	return 0;
}

/*
 * Removing the files waits for their readers and writers, and a writer waits
 * for mk_changes: so it is done without that lock, while the instance stays in
 * the list, hidden, and keeps its id from being taken.
 */
static void drop_hidden(struct mk_instance *inst)
{
	u32 id = inst->id;

	mk_sysfs_del(inst->folder);
	clear_low_memory(inst->memory);
	give_back(inst, true);
	leave_list(inst);

	mk_startup_free(inst->startup);
	kfree(inst->cpus);
	kfree(inst);
	pr_info("instance %u: dropped\n", id);
}

int mk_image_drop(u32 id)
{
	struct mk_instance *inst;
	int ret = 0;

	if (mutex_lock_killable(&mk_changes))
		return -EINTR;
	inst = mk_find(id);
	if (!inst)
		ret = -ENOENT;
	else if (mk_running(inst) || inst->status == MK_RETURNING)
		ret = -EBUSY;
	else
		mk_set_status(inst, MK_DROPPING);
	mutex_unlock(&mk_changes);
	if (!ret)
		drop_hidden(inst);
	return ret;
}

/* The module goes: nothing runs, and no call can come any more. */
void mk_images_drop_all(void)
{
	struct mk_instance *inst, *next;

	list_for_each_entry_safe(inst, next, &mk_instances, node) {
		mutex_lock(&mk_changes);
		mk_set_status(inst, MK_DROPPING);
		mutex_unlock(&mk_changes);
		drop_hidden(inst);
	}
}
