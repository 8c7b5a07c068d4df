// SPDX-License-Identifier: GPL-2.0
/*
 * CAP_SYS_BOOT, the security modules, lockdown, kexec_load_disabled and
 * kexec_load_limit_reboot; for reboot(2) the PID namespace.
 *
 * The two variables are not exported: their files are read. When that fails,
 * loading counts as disabled.
 */
#include <linux/capability.h>
#include <linux/kernel.h>
#include <linux/kernel_read_file.h>
#include <linux/pid_namespace.h>
#include <linux/sched.h>
#include <linux/security.h>
#include <linux/string.h>

#include "files.h"
#include "permission.h"

#define DISABLED "sys/kernel/kexec_load_disabled"
#define LIMIT "sys/kernel/kexec_load_limit_reboot"

static bool load_is_disabled(void)
{
	char value[4];

	return mk_read_proc(DISABLED, value, sizeof(value)) ||
	       strcmp(value, "0");
}

/* How many loads are left, or -1: no limit. Kernels before 6.3 have none. */
static int loads_left(int *left)
{
	char value[16];
	int ret = mk_read_proc(LIMIT, value, sizeof(value));

	if (ret == -ENOENT) {
		*left = -1;
		return 0;
	}
	return ret ? ret : kstrtoint(value, 10, left);
}

/*
 * The kernel takes a new limit only where it is lower than the one it has. So
 * what fails with EINVAL has come too late: another call was counted before.
 */
static int count_load(void)
{
	char value[16];
	int left, ret;

	do {
		ret = loads_left(&left);
		if (ret || !left)
			return -EPERM;
		if (left < 0)
			return 0;
		snprintf(value, sizeof(value), "%d", left - 1);
		ret = mk_write_proc(LIMIT, value);
	} while (ret == -EINVAL);
	return ret ? -EPERM : 0;
}

static int not_limited(void)
{
	int left;

	return loads_left(&left) || !left ? -EPERM : 0;
}

static int may_load(int (*within_limit)(void))
{
	int ret;

	if (!capable(CAP_SYS_BOOT) || load_is_disabled())
		return -EPERM;
	ret = within_limit();
	if (ret)
		return ret;
	ret = security_kernel_load_data(LOADING_KEXEC_IMAGE, false);
	if (ret)
		return ret;
	return security_locked_down(LOCKDOWN_KEXEC);
}

int mk_may_load(void)
{
	return may_load(count_load);
}

int mk_may_change(void)
{
	return may_load(not_limited);
}

bool mk_may_reboot_machine(void)
{
	return task_active_pid_ns(current) == &init_pid_ns &&
	       capable(CAP_SYS_BOOT);
}

int mk_may_start(void)
{
	if (!mk_may_reboot_machine())
		return -EPERM;
	return security_locked_down(LOCKDOWN_KEXEC);
}

int mk_may_halt(void)
{
	return mk_may_reboot_machine() ? 0 : -EPERM;
}
