// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/fs/multikernel/instances/ID. The files are read under mk_claims only: a
 * folder is removed while others wait for mk_changes. It knows its instance by
 * its id; what the kernel keeps of a folder that is gone does not refer to
 * this module.
 */
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sizes.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "assign.h"
#include "attributes.h"
#include "claims.h"
#include "low.h"
#include "permission.h"

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
	case MK_RETURNING:
		if (!inst->arrived)
			return sysfs_emit(buf, "loaded\n");
		fallthrough;
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

/*
 * --- cpus, memory ---
 *
 * Lists may be longer than the page that an ordinary attribute has. They are
 * read to their end, and written at once or not at all: of a longer write the
 * kernel passes a page, which would look like a whole list.
 */

#define LIST_MAX (PAGE_SIZE - 1)

struct text {
	char *at;
	size_t size, length;
};

static __printf(2, 3) void add(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text->length += vscnprintf(text->at + text->length,
				   text->size - text->length, format,
				   arguments);
	va_end(arguments);
}

static ssize_t read_list(struct kobject *folder, char *buf, loff_t pos,
			 size_t count, size_t size,
			 void (*emit)(const struct mk_instance *inst,
				      struct text *text))
{
	struct text text = { .size = size };
	const struct mk_instance *inst;
	ssize_t ret = -ENODEV;

	text.at = kvmalloc(size, GFP_KERNEL);
	if (!text.at)
		return -ENOMEM;
	spin_lock(&mk_claims);
	inst = mk_find(id_of(folder));
	if (inst)
		emit(inst, &text);
	spin_unlock(&mk_claims);
	if (inst)
		ret = memory_read_from_buffer(buf, count, &pos, text.at,
					      text.length);
	kvfree(text.at);
	return ret;
}

/* The list as a string, or an error. */
static char *written_list(const char *buf, loff_t pos, size_t count)
{
	char *text;
	int ret;

	ret = mk_may_change();
	if (ret)
		return ERR_PTR(ret);
	if (pos)
		return ERR_PTR(-EINVAL);
	if (count > LIST_MAX)
		return ERR_PTR(-E2BIG);
	text = kstrndup(buf, count, GFP_KERNEL);
	return text ? text : ERR_PTR(-ENOMEM);
}

static void emit_cpus(const struct mk_instance *inst, struct text *text)
{
	const struct mk_cpus *cpus = inst->cpus;
	unsigned int i;

	for (i = 0; cpus && i < cpus->nr; i++)
		add(text, "%s%u", i ? "," : "", cpus->cpu[i]);
	add(text, "\n");
}

static ssize_t cpus_read(struct file *file, struct kobject *folder,
			 mk_const struct bin_attribute *attr, char *buf,
			 loff_t pos, size_t count)
{
	/* A number below nr_cpu_ids has at most 4 digits; and a newline. */
	size_t size = nr_cpu_ids * sizeof("1234,") + 2;

	return read_list(folder, buf, pos, count, size, emit_cpus);
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

static ssize_t cpus_write(struct file *file, struct kobject *folder,
			  mk_const struct bin_attribute *attr, char *buf,
			  loff_t pos, size_t count)
{
	struct mk_cpus *cpus;
	char *text;
	int ret = -ENOMEM;

	text = written_list(buf, pos, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	cpus = kzalloc(struct_size(cpus, cpu, nr_cpu_ids), GFP_KERNEL);
	if (cpus) {
		ret = parse_cpus(text, cpus);
		if (!ret)
			ret = mk_assign_cpus(id_of(folder), cpus);
	}
	if (ret)
		kfree(cpus);
	kfree(text);
	return ret ? ret : count;
}

static void emit_memory(const struct mk_instance *inst, struct text *text)
{
	const struct mk_ranges *memory = inst->memory;
	unsigned int i;

	for (i = 0; i < memory->nr; i++)
		add(text, "%#llx-%#llx\n", memory->range[i].begin,
		    memory->range[i].end - 1);
}

/* Physical addresses are not for everyone. */
static ssize_t memory_read(struct file *file, struct kobject *folder,
			   mk_const struct bin_attribute *attr, char *buf,
			   loff_t pos, size_t count)
{
	size_t size = 2 * MK_RANGES_MAX * sizeof("0x123456789abcdef0-");

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return read_list(folder, buf, pos, count, size, emit_memory);
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

static ssize_t memory_write(struct file *file, struct kobject *folder,
			    mk_const struct bin_attribute *attr, char *buf,
			    loff_t pos, size_t count)
{
	struct mk_ranges *ranges;
	char *text;
	int ret = -ENOMEM;

	text = written_list(buf, pos, count);
	if (IS_ERR(text))
		return PTR_ERR(text);
	ranges = kzalloc(struct_size(ranges, range, MK_RANGES_MAX), GFP_KERNEL);
	if (ranges) {
		ret = parse_ranges(text, ranges);
		if (!ret)
			ret = mk_assign_memory(id_of(folder), ranges);
	}
	if (ret)
		kfree(ranges);
	kfree(text);
	return ret ? ret : count;
}

static struct kobj_attribute id_attr = __ATTR_RO(id);
static struct kobj_attribute status_attr = __ATTR_RO(status);
static struct kobj_attribute stage_attr = __ATTR_RO_MODE(stage, 0400);

static const struct bin_attribute cpus_attr = {
	.attr = { .name = "cpus", .mode = 0644 },
	.read = cpus_read,
	.write = cpus_write,
};

static const struct bin_attribute memory_attr = {
	.attr = { .name = "memory", .mode = 0644 },
	.read = memory_read,
	.write = memory_write,
};

static const struct attribute *attributes[] = {
	&id_attr.attr,
	&status_attr.attr,
	&stage_attr.attr,
	NULL,
};

int mk_attributes_add(struct kobject *folder)
{
	int ret;

	ret = sysfs_create_files(folder, attributes);
	if (!ret)
		ret = sysfs_create_bin_file(folder, &cpus_attr);
	if (!ret)
		ret = sysfs_create_bin_file(folder, &memory_attr);
	return ret;
}
