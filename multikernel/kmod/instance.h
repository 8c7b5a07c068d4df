/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An instance: one loaded image, the memory and the CPUs that it holds, and
 * what may be done with it. README.md explains the locks.
 */
#ifndef MULTIKERNEL_INSTANCE_H
#define MULTIKERNEL_INSTANCE_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <uapi/multikernel.h>

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

/*
 * One change at a time. Held while a CPU is started or stopped, but never while
 * memory of users is read, nor while the host's own CPU hotplug works.
 */
extern struct mutex mk_changes;

/* What the host's callbacks and the readers of files look at. */
extern spinlock_t mk_claims;
extern struct list_head mk_instances;	/* by id */

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

/* claims.c */
struct mk_instance *mk_find(s64 id);
int mk_list_add(struct mk_instance *inst);
void mk_list_del(struct mk_instance *inst);
void mk_set_status(struct mk_instance *inst, enum mk_status status);
u32 mk_memory_holder(const struct mk_range *range);
int mk_claim_memory(struct mk_instance *inst, struct mk_ranges *ranges);
struct mk_instance *mk_cpu_holder(unsigned int cpu,
				  const struct mk_instance *except);

/* image.c: kexec_load(2) */
int mk_image_load(u32 id, u64 entry, unsigned long nr_segments,
		  const void __user *segments);
int mk_image_drop(u32 id);
void mk_images_drop_all(void);
/* Takes `ranges` when it succeeds. */
int mk_image_set_memory(u32 id, struct mk_ranges *ranges);

/* run.c: reboot(2) */
int mk_start(s32 id, s32 cpu);
int mk_force_halt(s32 id);
/* For the host's end. -EIO: a CPU has not stopped. */
int mk_halt_all(void);
bool mk_any_active(void);
/* Takes `cpus` when it succeeds. */
int mk_set_cpus(u32 id, struct mk_cpus *cpus);

#endif
