// SPDX-License-Identifier: GPL-2.0
/* The module comes and goes. README.md says what it is for. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/namei.h>

#include "files.h"
#include "firmware.h"
#include "hook.h"
#include "host.h"
#include "image.h"
#include "low.h"
#include "platform.h"
#include "procfs.h"
#include "reserved.h"
#include "sysfs.h"

static bool exists(const char *name)
{
	struct path path;

	if (kern_path(name, LOOKUP_FOLLOW, &path))
		return false;
	path_put(&path);
	return true;
}

static int check_machine(void)
{
	if (exists("/sys/fs/multikernel") || exists("/proc/kimage")) {
		pr_err("this kernel has multikernel calls of its own\n");
		return -EEXIST;
	}
	return mk_platform_check();
}

static int __init mk_init(void)
{
	int ret;

	ret = check_machine();
	if (ret)
		return ret;
	ret = mk_low_init();
	if (ret)
		return ret;
	ret = mk_files_init();
	if (ret)
		return ret;
	ret = mk_firmware_init();
	if (ret)
		goto exit_files;
	ret = mk_reserved_init();
	if (ret)
		goto exit_firmware;
	ret = mk_host_watch();
	if (ret)
		goto exit_reserved;
	ret = mk_procfs_init();
	if (ret)
		goto unwatch;
	ret = mk_sysfs_init();
	if (ret)
		goto exit_procfs;
	/* Last: from here on images are loaded, and nothing may fail. */
	ret = mk_hooks_set();
	if (ret)
		goto exit_sysfs;
	return 0;

exit_sysfs:
	mk_sysfs_exit();
exit_procfs:
	mk_procfs_exit();
unwatch:
	mk_host_unwatch();
exit_reserved:
	mk_reserved_exit();
exit_firmware:
	mk_firmware_exit();
exit_files:
	mk_files_exit();
	return ret;
}

static void __exit mk_exit(void)
{
	mk_hooks_remove();
	mk_images_drop_all();
	mk_sysfs_exit();
	mk_procfs_exit();
	mk_host_unwatch();
	mk_reserved_exit();
	mk_firmware_exit();
	mk_files_exit();
}

module_init(mk_init);
module_exit(mk_exit);
MODULE_DESCRIPTION("Kernels beside the running kernel, on CPUs of their own");
MODULE_AUTHOR("kexec-tools-mk");
MODULE_LICENSE("GPL");
