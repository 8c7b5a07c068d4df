// SPDX-License-Identifier: GPL-2.0
/*
 * Files are read through mounts of procfs and sysfs that are this module's
 * own: what a caller has mounted over its /proc or /sys does not matter.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/sched/task.h>
#include <linux/string.h>

#include "files.h"

static struct vfsmount *proc_mount, *sys_mount;

/* Those of the first task: a caller may be confined, or not be root. */
static const struct cred *kernel_rights;

static struct vfsmount *mount_own(const char *name)
{
	struct file_system_type *type = get_fs_type(name);

	return type ? kern_mount(type) : ERR_PTR(-ENODEV);
}

int mk_files_init(void)
{
	int ret;

	kernel_rights = prepare_kernel_cred(&init_task);
	if (!kernel_rights)
		return -ENOMEM;
	proc_mount = mount_own("proc");
	if (IS_ERR(proc_mount)) {
		ret = PTR_ERR(proc_mount);
		goto put_rights;
	}
	sys_mount = mount_own("sysfs");
	if (IS_ERR(sys_mount)) {
		ret = PTR_ERR(sys_mount);
		goto unmount_proc;
	}
	return 0;

unmount_proc:
	kern_unmount(proc_mount);
put_rights:
	put_cred(kernel_rights);
	return ret;
}

void mk_files_exit(void)
{
	kern_unmount(sys_mount);
	kern_unmount(proc_mount);
	put_cred(kernel_rights);
}

static int read_below(struct vfsmount *mount, const char *name, char *buf,
		      size_t size)
{
	const struct cred *caller = override_creds(kernel_rights);
	struct file *file;
	loff_t pos = 0;
	ssize_t got;

	file = file_open_root_mnt(mount, name, O_RDONLY, 0);
	if (IS_ERR(file)) {
		got = PTR_ERR(file);
	} else {
		got = kernel_read(file, buf, size - 1, &pos);
		fput(file);
	}
	revert_creds(caller);
	if (got < 0)
		return got;
	buf[got] = '\0';
	if (got && buf[got - 1] == '\n')
		buf[got - 1] = '\0';
	return 0;
}

static int write_below(struct vfsmount *mount, const char *name,
		       const char *value)
{
	const struct cred *caller = override_creds(kernel_rights);
	struct file *file;
	loff_t pos = 0;
	ssize_t put;

	file = file_open_root_mnt(mount, name, O_WRONLY, 0);
	if (IS_ERR(file)) {
		put = PTR_ERR(file);
	} else {
		put = kernel_write(file, value, strlen(value), &pos);
		fput(file);
	}
	revert_creds(caller);
	return put < 0 ? put : 0;
}

int mk_read_proc(const char *name, char *buf, size_t size)
{
	return read_below(proc_mount, name, buf, size);
}

int mk_read_sys(const char *name, char *buf, size_t size)
{
	return read_below(sys_mount, name, buf, size);
}

int mk_write_proc(const char *name, const char *value)
{
	return write_below(proc_mount, name, value);
}
