// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/fs/multikernel/instances/ID. The files are read under mk_claims only: a
 * folder is removed while others wait for mk_changes. It knows its instance by
 * its id; what the kernel keeps of a folder that is gone does not refer to
 * this module.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "low.h"
#include "sysfs.h"

static u32 id_of(struct kobject *folder)
{
	u32 id;

	return kstrtou32(kobject_name(folder), 10, &id) ? 0 : id;
}

static ssize_t show(struct kobject *folder, char *buf,
		    int (*emit)(const struct mk_instance *inst, char *buf))
{
	struct mk_instance *inst;
	ssize_t ret = -ENODEV;

	spin_lock(&mk_claims);
	inst = mk_find(id_of(folder));
	if (inst)
		ret = emit(inst, buf);
	spin_unlock(&mk_claims);
	return ret;
}

/* --- id, status, stage --- */

static int emit_id(const struct mk_instance *inst, char *buf)
{
	return sysfs_emit(buf, "%u\n", inst->id);
}

static ssize_t id_show(struct kobject *folder, struct kobj_attribute *attr,
		       char *buf)
{
	return show(folder, buf, emit_id);
}

static int emit_status(const struct mk_instance *inst, char *buf)
{
	switch (inst->status) {
	case MK_ACTIVE:
		return sysfs_emit(buf, "active\n");
	case MK_HALTED:
		return sysfs_emit(buf, "halted\n");
	default:
		return sysfs_emit(buf, "loaded\n");
	}
}

static ssize_t status_show(struct kobject *folder, struct kobj_attribute *attr,
			   char *buf)
{
	return show(folder, buf, emit_status);
}

static bool kernel_in_low_memory(const struct mk_ranges *memory)
{
	unsigned int i;

	for (i = 0; i < memory->nr; i++) {
		if (memory->range[i].end <= SZ_1M &&
		    mk_low_has_kernel(&memory->range[i]))
			return true;
	}
	return false;
}

static int emit_stage(const struct mk_instance *inst, char *buf)
{
	if (!inst->arrived)
		return sysfs_emit(buf, "none\n");
	if (!kernel_in_low_memory(inst->memory))
		return sysfs_emit(buf, "arrived\n");
	return sysfs_emit(buf, "kernel\n");
}

static ssize_t stage_show(struct kobject *folder, struct kobj_attribute *attr,
			  char *buf)
{
	return show(folder, buf, emit_stage);
}

/* --- cpus --- */

static int emit_cpus(const struct mk_instance *inst, char *buf)
{
	const struct mk_cpus *cpus = inst->cpus;
	unsigned int i;
	int at = 0;

	for (i = 0; cpus && i < cpus->nr; i++)
		at += sysfs_emit_at(buf, at, "%s%u", i ? "," : "",
				    cpus->cpu[i]);
	return at + sysfs_emit_at(buf, at, "\n");
}

static ssize_t cpus_show(struct kobject *folder, struct kobj_attribute *attr,
			 char *buf)
{
	return show(folder, buf, emit_cpus);
}

static int add_cpus(struct mk_cpus *cpus, unsigned int first, unsigned int last)
{
	unsigned int cpu, i;

	if (first > last || last - first >= nr_cpu_ids)
		return first > last ? -EINVAL : -ENODEV;
	for (cpu = first; cpu <= last; cpu++) {
		if (cpu >= nr_cpu_ids)
			return -ENODEV;
		for (i = 0; i < cpus->nr; i++) {
			if (cpus->cpu[i] == cpu)
				return -EINVAL;
		}
		cpus->cpu[cpus->nr++] = cpu;
	}
	return 0;
}

/* Elements "3" or "2-4" separated by commas; in this order; none twice. */
static int parse_cpus(char *text, struct mk_cpus *cpus)
{
	unsigned int first, last;
	char *element, *dash;
	int ret;

	text = strim(text);
	while ((element = strsep(&text, ","))) {
		dash = strchr(element, '-');
		if (dash)
			*dash++ = '\0';
		if (!isdigit(element[0]) || kstrtouint(element, 10, &first))
			return -EINVAL;
		last = first;
		if (dash && (!isdigit(dash[0]) || kstrtouint(dash, 10, &last)))
			return -EINVAL;
		ret = add_cpus(cpus, first, last);
		if (ret)
			return ret;
	}
	return 0;
}

static ssize_t cpus_store(struct kobject *folder, struct kobj_attribute *attr,
			  const char *buf, size_t count)
{
	struct mk_cpus *cpus;
	char *text;
	int ret = -ENOMEM;

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	text = kstrndup(buf, count, GFP_KERNEL);
	cpus = kzalloc(struct_size(cpus, cpu, nr_cpu_ids), GFP_KERNEL);
	if (text && cpus) {
		ret = parse_cpus(text, cpus);
		if (!ret)
			ret = mk_set_cpus(id_of(folder), cpus);
	}
	if (ret)
		kfree(cpus);
	kfree(text);
	return ret ? ret : count;
}

/* --- memory --- */

static int emit_memory(const struct mk_instance *inst, char *buf)
{
	const struct mk_ranges *memory = inst->memory;
	unsigned int i;
	int at = 0;

	for (i = 0; i < memory->nr; i++)
		at += sysfs_emit_at(buf, at, "%#llx-%#llx\n",
				    memory->range[i].begin,
				    memory->range[i].end - 1);
	return at;
}

/* Physical addresses are not for everyone. */
static ssize_t memory_show(struct kobject *folder, struct kobj_attribute *attr,
			   char *buf)
{
	return capable(CAP_SYS_ADMIN) ? show(folder, buf, emit_memory) : -EPERM;
}

static int parse_range(char *text, struct mk_range *range)
{
	char *dash = strchr(text, '-');
	u64 last;

	if (!dash)
		return -EINVAL;
	*dash++ = '\0';
	if (strncmp(text, "0x", 2) || strncmp(dash, "0x", 2) ||
	    kstrtou64(text, 16, &range->begin) || kstrtou64(dash, 16, &last))
		return -EINVAL;
	range->end = last + 1;
	if (range->begin >= range->end || !PAGE_ALIGNED(range->begin) ||
	    !PAGE_ALIGNED(range->end))
		return -EINVAL;
	return 0;
}

/* Elements "0xBEGIN-0xEND", ends included, separated by white space. */
static int parse_ranges(char *text, struct mk_ranges *ranges)
{
	struct mk_range *range;
	char *element;
	unsigned int i;

	while ((element = strsep(&text, " \t\n"))) {
		if (!*element)
			continue;
		if (ranges->nr == MK_RANGES_MAX)
			return -EINVAL;
		range = &ranges->range[ranges->nr];
		if (parse_range(element, range))
			return -EINVAL;
		for (i = 0; i < ranges->nr; i++) {
			if (mk_overlap(range, &ranges->range[i]))
				return -EINVAL;
		}
		ranges->nr++;
	}
	return ranges->nr ? 0 : -EINVAL;
}

static ssize_t memory_store(struct kobject *folder, struct kobj_attribute *attr,
			    const char *buf, size_t count)
{
	struct mk_ranges *ranges;
	char *text;
	int ret = -ENOMEM;

	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	text = kstrndup(buf, count, GFP_KERNEL);
	ranges = kzalloc(struct_size(ranges, range, MK_RANGES_MAX), GFP_KERNEL);
	if (text && ranges) {
		ret = parse_ranges(text, ranges);
		if (!ret)
			ret = mk_image_set_memory(id_of(folder), ranges);
	}
	if (ret)
		kfree(ranges);
	kfree(text);
	return ret ? ret : count;
}

static struct kobj_attribute id_attr = __ATTR_RO(id);
static struct kobj_attribute status_attr = __ATTR_RO(status);
static struct kobj_attribute stage_attr = __ATTR_RO_MODE(stage, 0400);
static struct kobj_attribute cpus_attr = __ATTR_RW(cpus);
static struct kobj_attribute memory_attr = __ATTR_RW(memory);

static struct attribute *attributes[] = {
	&id_attr.attr,
	&status_attr.attr,
	&stage_attr.attr,
	&cpus_attr.attr,
	&memory_attr.attr,
	NULL,
};

const struct attribute_group mk_instance_attributes = { .attrs = attributes };
