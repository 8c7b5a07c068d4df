// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/fs/multikernel. Files are read under mk_claims only: an instance's
 * folder is removed while others wait for mk_changes.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "low.h"
#include "sysfs.h"

static struct kobject *root, *instances;

static struct mk_instance *instance_of(struct kobject *kobj)
{
	return container_of(kobj, struct mk_instance, kobj);
}

/* --- /sys/fs/multikernel/abi, pool --- */

static ssize_t abi_show(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%s\n", MULTIKERNEL_MODULE_ABI);
}

static struct kobj_attribute abi_attr = __ATTR_RO(abi);

#ifdef MK_CONST_BIN_ATTRIBUTE
#define mk_const const
#else
#define mk_const
#endif

/* Longer than a page where there are many CPUs, so not an ordinary attribute. */
static ssize_t pool_read(struct file *file, struct kobject *kobj,
			 mk_const struct bin_attribute *attr, char *buf,
			 loff_t pos, size_t count)
{
	size_t length;
	char *text = mk_pool_text(&length);
	ssize_t ret;

	if (!text)
		return -ENOMEM;
	ret = memory_read_from_buffer(buf, count, &pos, text, length);
	kvfree(text);
	return ret;
}

static struct bin_attribute pool_attr = {
	.attr = { .name = "pool", .mode = 0400 },
	.read = pool_read,
};

/* --- /sys/fs/multikernel/instances/ID --- */

static ssize_t id_show(struct kobject *kobj, struct kobj_attribute *attr,
		       char *buf)
{
	return sysfs_emit(buf, "%u\n", instance_of(kobj)->id);
}

static ssize_t status_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	switch (READ_ONCE(instance_of(kobj)->status)) {
	case MK_ACTIVE:
		return sysfs_emit(buf, "active\n");
	case MK_HALTED:
		return sysfs_emit(buf, "halted\n");
	default:
		return sysfs_emit(buf, "loaded\n");
	}
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

static ssize_t stage_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	struct mk_instance *inst = instance_of(kobj);
	const char *stage = "none";

	spin_lock(&mk_claims);
	if (inst->arrived)
		stage = kernel_in_low_memory(inst->memory) ? "kernel" :
							     "arrived";
	spin_unlock(&mk_claims);
	return sysfs_emit(buf, "%s\n", stage);
}

static ssize_t cpus_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	struct mk_instance *inst = instance_of(kobj);
	unsigned int i;
	int at = 0;

	spin_lock(&mk_claims);
	for (i = 0; inst->cpus && i < inst->cpus->nr; i++)
		at += sysfs_emit_at(buf, at, "%s%u", i ? "," : "",
				    inst->cpus->cpu[i]);
	spin_unlock(&mk_claims);
	return at + sysfs_emit_at(buf, at, "\n");
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

static ssize_t cpus_store(struct kobject *kobj, struct kobj_attribute *attr,
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
			ret = mk_set_cpus(instance_of(kobj), cpus);
	}
	if (ret)
		kfree(cpus);
	kfree(text);
	return ret ? ret : count;
}

static ssize_t memory_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct mk_instance *inst = instance_of(kobj);
	unsigned int i;
	int at = 0;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	spin_lock(&mk_claims);
	for (i = 0; i < inst->memory->nr; i++) {
		const struct mk_range *range = &inst->memory->range[i];

		at += sysfs_emit_at(buf, at, "%#llx-%#llx\n", range->begin,
				    range->end - 1);
	}
	spin_unlock(&mk_claims);
	return at;
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

static ssize_t memory_store(struct kobject *kobj, struct kobj_attribute *attr,
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
			ret = mk_image_set_memory(instance_of(kobj), ranges);
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

static struct attribute *instance_attrs[] = {
	&id_attr.attr,
	&status_attr.attr,
	&stage_attr.attr,
	&cpus_attr.attr,
	&memory_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(instance);

static void instance_release(struct kobject *kobj)
{
	kfree(instance_of(kobj));
}

static const struct kobj_type instance_type = {
	.release = instance_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = instance_groups,
};

struct mk_instance *mk_sysfs_new(void)
{
	struct mk_instance *inst = kzalloc(sizeof(*inst), GFP_KERNEL);

	if (inst)
		kobject_init(&inst->kobj, &instance_type);
	return inst;
}

int mk_sysfs_add(struct mk_instance *inst)
{
	return kobject_add(&inst->kobj, instances, "%u", inst->id);
}

void mk_sysfs_del(struct mk_instance *inst)
{
	kobject_del(&inst->kobj);
}

int mk_sysfs_init(void)
{
	int ret = -ENOMEM;

	root = kobject_create_and_add("multikernel", fs_kobj);
	if (!root)
		return -ENOMEM;
	instances = kobject_create_and_add("instances", root);
	if (!instances)
		goto put_root;
	ret = sysfs_create_bin_file(root, &pool_attr);
	if (ret)
		goto put_instances;
	/* Last: who finds it may expect everything else. */
	ret = sysfs_create_file(root, &abi_attr.attr);
	if (ret)
		goto put_instances;
	return 0;

put_instances:
	kobject_put(instances);
put_root:
	kobject_put(root);
	return ret;
}

void mk_sysfs_exit(void)
{
	sysfs_remove_file(root, &abi_attr.attr);
	sysfs_remove_bin_file(root, &pool_attr);
	kobject_put(instances);
	kobject_put(root);
}
