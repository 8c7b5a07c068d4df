// SPDX-License-Identifier: GPL-2.0
/* /sys/fs/multikernel: abi, pool, and the folder of the instances. */
#include <linux/fs.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <uapi/multikernel.h>

#include "attributes.h"
#include "pool.h"
#include "sysfs.h"

static struct kobject *root, *instances;

static ssize_t abi_show(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%s\n", MULTIKERNEL_MODULE_ABI);
}

static struct kobj_attribute abi_attr = __ATTR_RO(abi);

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

/*
 * A folder is taken out of sysfs here: the last reference may go later, with
 * debugging options even on purpose.
 */
static void remove_folder(struct kobject *folder)
{
	kobject_del(folder);
	kobject_put(folder);
}

struct kobject *mk_sysfs_add(u32 id)
{
	struct kobject *folder;
	char name[12];

	snprintf(name, sizeof(name), "%u", id);
	folder = kobject_create_and_add(name, instances);
	if (folder && mk_attributes_add(folder)) {
		remove_folder(folder);
		return NULL;
	}
	return folder;
}

void mk_sysfs_del(struct kobject *folder)
{
	remove_folder(folder);
}

int mk_sysfs_init(void)
{
	int ret;

	root = kobject_create_and_add("multikernel", fs_kobj);
	if (!root)
		return -ENOMEM;
	instances = kobject_create_and_add("instances", root);
	if (!instances) {
		ret = -ENOMEM;
		goto remove_root;
	}
	ret = sysfs_create_bin_file(root, &pool_attr);
	if (ret)
		goto remove_instances;
	/* Last: who finds it may expect everything else. */
	ret = sysfs_create_file(root, &abi_attr.attr);
	if (ret)
		goto remove_instances;
	return 0;

remove_instances:
	remove_folder(instances);
remove_root:
	remove_folder(root);
	return ret;
}

void mk_sysfs_exit(void)
{
	remove_folder(instances);
	remove_folder(root);
}
