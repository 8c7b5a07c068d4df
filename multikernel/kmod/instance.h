/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An instance: one loaded image, the memory and the CPUs that it holds, and
 * what state it is in.
 */
#ifndef MULTIKERNEL_INSTANCE_H
#define MULTIKERNEL_INSTANCE_H

#include <linux/list.h>
#include <linux/types.h>

#define MK_SEGMENTS_MAX 16
#define MK_RANGES_MAX 64

enum mk_status {
	MK_LOADING,	/* holds memory; shown nowhere yet */
	MK_LOADED,
	MK_STARTING,	/* its boot CPU is on its way; shown as loaded */
	MK_ACTIVE,
	MK_RETURNING,	/* its CPUs are on their way back to the host */
	MK_HALTED,
	MK_DROPPING,	/* shown nowhere any more; its id is not free yet */
};

/* Physical addresses, the end not included. */
struct mk_range {
	u64 begin;
	u64 end;
};

struct mk_ranges {
	unsigned int nr;
	struct mk_range range[];
};

/* Logical numbers, the boot CPU first. */
struct mk_cpus {
	unsigned int nr;
	unsigned int cpu[];
};

struct kobject;
struct mk_startup;

struct mk_instance {
	u32 id;
	u64 entry;
	unsigned int nr_segments;
	struct mk_range segments[MK_SEGMENTS_MAX];

	/* Used under mk_changes, and by who is loading it. */
	struct mk_startup *startup;	/* NULL: it is not started any more */
	struct kobject *folder;		/* in sysfs */

	/* Changed under mk_changes and mk_claims, read under either. */
	struct list_head node;
	enum mk_status status;
	bool arrived;
	struct mk_ranges *memory;
	struct mk_cpus *cpus;		/* NULL: none assigned */
};

static inline bool mk_overlap(const struct mk_range *a,
			      const struct mk_range *b)
{
	return a->begin < b->end && b->begin < a->end;
}

static inline bool mk_inside(const struct mk_range *inner,
			     const struct mk_range *outer)
{
	return outer->begin <= inner->begin && inner->end <= outer->end;
}

/* It is in the list for its id and its memory only. */
static inline bool mk_hidden(const struct mk_instance *inst)
{
	return inst->status == MK_LOADING || inst->status == MK_DROPPING;
}

/* Its CPUs run the second kernel, or are about to. */
static inline bool mk_running(const struct mk_instance *inst)
{
	return inst->status == MK_STARTING || inst->status == MK_ACTIVE;
}

#endif
