// SPDX-License-Identifier: GPL-2.0
/*
 * CAP_SYS_BOOT, the security modules, lockdown and kexec_load_disabled.
 *
 * The variable kexec_load_disabled is not exported. Its value is read from
 * sys/kernel/kexec_load_disabled in a mount of procfs that is this module's
 * own: what a caller has mounted over its /proc does not matter. When it
 * cannot be read, loading counts as disabled.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/kernel_read_file.h>
#include <linux/mount.h>
#include <linux/security.h>

#include "permission.h"

static struct vfsmount *proc_mount;

static bool load_is_disabled(void)
{
	struct file *file;
	char value[4];
	loff_t pos = 0;
	ssize_t got;

	file = file_open_root_mnt(proc_mount, "sys/kernel/kexec_load_disabled",
				  O_RDONLY, 0);
	if (IS_ERR(file))
		return true;
	got = kernel_read(file, value, sizeof(value), &pos);
	fput(file);
	return got < 1 || value[0] != '0';
}

int mk_may_load(void)
{
	int ret;

	if (!capable(CAP_SYS_BOOT) || load_is_disabled())
		return -EPERM;
	ret = security_kernel_load_data(LOADING_KEXEC_IMAGE, false);
	if (ret)
		return ret;
	return security_locked_down(LOCKDOWN_KEXEC);
}

int mk_may_start(void)
{
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	return security_locked_down(LOCKDOWN_KEXEC);
}

int mk_may_halt(void)
{
	return capable(CAP_SYS_BOOT) ? 0 : -EPERM;
}

int mk_permission_init(void)
{
	struct file_system_type *proc = get_fs_type("proc");

	if (!proc)
		return -ENODEV;
	proc_mount = kern_mount(proc);
	return PTR_ERR_OR_ZERO(proc_mount);
}

void mk_permission_exit(void)
{
	kern_unmount(proc_mount);
}
