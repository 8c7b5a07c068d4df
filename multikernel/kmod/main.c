// SPDX-License-Identifier: GPL-2.0
/* The module comes and goes. README.md says what it is for. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cc_platform.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/smp.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>

#include "files.h"
#include "firmware.h"
#include "hook.h"
#include "host.h"
#include "low.h"
#include "sysfs.h"

static bool exists(const char *name)
{
	struct path path;

	if (kern_path(name, LOOKUP_FOLLOW, &path))
		return false;
	path_put(&path);
	return true;
}

static void read_apic_base(void *low)
{
	u32 high;

	rdmsr(MSR_IA32_APICBASE, *(u32 *)low, high);
	(void)high;
}

/*
 * The one that INIT sends to the firmware. It is not CPU 0 of a kernel that was
 * started on another one: after a crash, or beside a first kernel.
 */
static bool cpu_0_is_firmware_boot_cpu(void)
{
	u32 low;

	return smp_call_function_single(0, read_apic_base, &low, 1) ||
	       low & MSR_IA32_APICBASE_BSP;
}

static int check_machine(void)
{
	if (exists("/sys/fs/multikernel") || exists("/proc/kimage")) {
		pr_err("this kernel has multikernel calls of its own\n");
		return -EEXIST;
	}
	if (!boot_cpu_has(X86_FEATURE_APIC) ||
	    boot_cpu_has(X86_FEATURE_XENPV)) {
		pr_err("CPUs of this machine cannot be started by APIC\n");
		return -ENODEV;
	}
	if (!cpu_0_is_firmware_boot_cpu()) {
		pr_err("CPU 0 is not the one that the firmware has started\n");
		return -ENODEV;
	}
	if (cc_platform_has(CC_ATTR_MEM_ENCRYPT)) {
		pr_err("not with encrypted memory\n");
		return -ENODEV;
	}
	return 0;
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
	ret = mk_host_watch();
	if (ret)
		goto exit_firmware;
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
	mk_firmware_exit();
	mk_files_exit();
}

module_init(mk_init);
module_exit(mk_exit);
MODULE_DESCRIPTION("Kernels beside the running kernel, on CPUs of their own");
MODULE_AUTHOR("kexec-tools-mk");
MODULE_LICENSE("GPL");
