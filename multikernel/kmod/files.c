// SPDX-License-Identifier: GPL-2.0
/*
 * Files are read through mounts of procfs and sysfs that are this module's
 * own: what a caller has mounted over its /proc or /sys does not matter.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/string.h>

#include "files.h"

static struct vfsmount *proc_mount, *sys_mount;

static struct vfsmount *mount_own(const char *name)
{
	struct file_system_type *type = get_fs_type(name);

	return type ? kern_mount(type) : ERR_PTR(-ENODEV);
}

int mk_files_init(void)
{
	proc_mount = mount_own("proc");
	if (IS_ERR(proc_mount))
		return PTR_ERR(proc_mount);
	sys_mount = mount_own("sysfs");
	if (IS_ERR(sys_mount)) {
		kern_unmount(proc_mount);
		return PTR_ERR(sys_mount);
	}
	return 0;
}

void mk_files_exit(void)
{
	kern_unmount(sys_mount);
	kern_unmount(proc_mount);
}

static int read_below(struct vfsmount *mount, const char *name, char *buf,
		      size_t size)
{
	struct file *file;
	loff_t pos = 0;
	ssize_t got;

	file = file_open_root_mnt(mount, name, O_RDONLY, 0);
	if (IS_ERR(file))
		return PTR_ERR(file);
	got = kernel_read(file, buf, size - 1, &pos);
	fput(file);
	if (got < 0)
		return got;
	buf[got] = '\0';
	if (got && buf[got - 1] == '\n')
		buf[got - 1] = '\0';
	return 0;
}

int mk_read_proc(const char *name, char *buf, size_t size)
{
	return read_below(proc_mount, name, buf, size);
}

int mk_read_sys(const char *name, char *buf, size_t size)
{
	return read_below(sys_mount, name, buf, size);
}
