// SPDX-License-Identifier: GPL-2.0
/*
 * CAP_SYS_BOOT, the security modules, lockdown and kexec_load_disabled.
 *
 * The variable kexec_load_disabled is not exported: its file is read. When
 * that fails, loading counts as disabled.
 */
#include <linux/capability.h>
#include <linux/kernel_read_file.h>
#include <linux/security.h>
#include <linux/string.h>

#include "files.h"
#include "permission.h"

static bool load_is_disabled(void)
{
	char value[4];

	return mk_read_proc("sys/kernel/kexec_load_disabled", value,
			    sizeof(value)) || strcmp(value, "0");
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
