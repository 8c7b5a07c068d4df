// SPDX-License-Identifier: GPL-2.0
/*
 * The two system calls. ftrace calls us at the first instruction of each; a
 * call that is about instances goes on in our function, any other one in the
 * kernel's. Calls of 32-bit programs are left alone.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/reboot.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <uapi/linux/kexec.h>
#include <uapi/multikernel.h>

#include "files.h"
#include "hook.h"
#include "image.h"
#include "permission.h"
#include "run.h"

#define HOOK_FLAGS (FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY | \
		    FTRACE_OPS_FL_RECURSION | FTRACE_OPS_FL_PERMANENT)

/*
 * Whoever is sent here by a callback brings a reference to this module, so
 * that it is not unloaded under a call that copies or waits. After the
 * module_put() a few instructions remain; mk_hooks_remove() waits for those.
 */
static long leave(long ret)
{
	module_put(THIS_MODULE);
	return ret;
}

static long kexec_load_instance(unsigned long entry, unsigned long nr_segments,
				const void __user *segments,
				unsigned long flags)
{
	u32 id = (flags & KEXEC_MK_ID_MASK) >> KEXEC_MK_ID_SHIFT;
	unsigned long arch = flags & KEXEC_ARCH_MASK;
	int ret;

	ret = mk_may_load();
	if (ret)
		return ret;
	if (arch != KEXEC_ARCH_DEFAULT && arch != KEXEC_ARCH_X86_64)
		return -EINVAL;
	if (flags & ~(unsigned long)(KEXEC_ARCH_MASK | KEXEC_MULTIKERNEL |
				     KEXEC_MK_ID_MASK))
		return -EINVAL;
	if (!nr_segments)
		return mk_image_drop(id);
	return mk_image_load(id, entry, nr_segments, segments);
}

static asmlinkage long mk_sys_kexec_load(const struct pt_regs *regs)
{
	return leave(kexec_load_instance(regs->di, regs->si,
					 (const void __user *)regs->dx,
					 regs->r10));
}

/*
 * What the kernel does for this command cannot be stopped any more when it
 * tells of it. So instances are halted before: then the call is made again, and
 * is the kernel's. Without an image the kernel would refuse, and they go on.
 */
static long halt_before_kexec(void)
{
	char loaded[4];

	if (!ns_capable(task_active_pid_ns(current)->user_ns, CAP_SYS_BOOT))
		return -EPERM;
	if (!mk_may_reboot_machine())
		return -EINVAL;
	if (!mk_read_sys("kernel/kexec_loaded", loaded, sizeof(loaded)) &&
	    !strcmp(loaded, "0"))
		return -EINVAL;
	if (mk_halt_all()) {
		pr_err("no kexec: an instance still runs\n");
		return -EIO;
	}
	return restart_syscall();
}

static long reboot_instance(unsigned int cmd, const void __user *arg)
{
	struct multikernel_boot_args args;
	int ret;

	if (cmd == LINUX_REBOOT_CMD_KEXEC)
		return halt_before_kexec();
	if (cmd == LINUX_REBOOT_CMD_MULTIKERNEL)
		ret = mk_may_start();
	else
		ret = mk_may_halt();
	if (ret)
		return ret;
	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;

	switch (cmd) {
	case LINUX_REBOOT_CMD_MULTIKERNEL:
		return mk_start(args.mk_id, args.cpu);
	case LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT:
		return mk_force_halt(args.mk_id);
	default:
		return -EOPNOTSUPP;
	}
}

static asmlinkage long mk_sys_reboot(const struct pt_regs *regs)
{
	return leave(reboot_instance(regs->dx, (const void __user *)regs->r10));
}

static bool about_instances(unsigned int cmd)
{
	return cmd == LINUX_REBOOT_CMD_MULTIKERNEL ||
	       cmd == LINUX_REBOOT_CMD_MULTIKERNEL_HALT ||
	       cmd == LINUX_REBOOT_CMD_MULTIKERNEL_FORCE_HALT ||
	       (cmd == LINUX_REBOOT_CMD_KEXEC && mk_any_active());
}

static bool magic_is_right(u32 magic1, u32 magic2)
{
	return magic1 == LINUX_REBOOT_MAGIC1 &&
	       (magic2 == LINUX_REBOOT_MAGIC2 ||
		magic2 == LINUX_REBOOT_MAGIC2A ||
		magic2 == LINUX_REBOOT_MAGIC2B ||
		magic2 == LINUX_REBOOT_MAGIC2C);
}

/*
 * The hooked functions take one argument, the registers of the caller in user
 * space. A module on its way out gives no reference: then the call is the
 * kernel's, as if we were gone.
 */
static void notrace redirect(struct pt_regs *regs,
			     asmlinkage long (*to)(const struct pt_regs *))
{
	if (try_module_get(THIS_MODULE))
		regs->ip = (unsigned long)to;
}

static void notrace at_kexec_load(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *ops,
				  struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	const struct pt_regs *user;

	if (!regs)
		return;
	user = (const struct pt_regs *)regs->di;
	/* Without an id the bit is another kernel's business: KEXEC_DEBUG. */
	if (user->r10 & KEXEC_MULTIKERNEL && user->r10 & KEXEC_MK_ID_MASK)
		redirect(regs, mk_sys_kexec_load);
}

static void notrace at_reboot(unsigned long ip, unsigned long parent_ip,
			      struct ftrace_ops *ops,
			      struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	const struct pt_regs *user;

	if (!regs)
		return;
	user = (const struct pt_regs *)regs->di;
	if (about_instances(user->dx) && magic_is_right(user->di, user->si))
		redirect(regs, mk_sys_reboot);
}

static struct hook {
	unsigned char name[32];
	struct ftrace_ops ops;
} hooks[] = {
	{ "__x64_sys_reboot", { .func = at_reboot, .flags = HOOK_FLAGS } },
	{ "__x64_sys_kexec_load", { .func = at_kexec_load, .flags = HOOK_FLAGS } },
};

static int set_hook(struct hook *hook)
{
	int ret;

	ret = ftrace_set_filter(&hook->ops, hook->name, strlen(hook->name), 1);
	if (!ret)
		ret = register_ftrace_function(&hook->ops);
	if (ret) {
		pr_err("cannot hook %s: error %d\n", hook->name, ret);
		ftrace_free_filter(&hook->ops);
	}
	return ret;
}

static void remove_hook(struct hook *hook)
{
	unregister_ftrace_function(&hook->ops);
	ftrace_free_filter(&hook->ops);
}

/* Loading last: without images the other calls do nothing that must be undone. */
int mk_hooks_set(void)
{
	int ret;

	ret = set_hook(&hooks[0]);
	if (ret)
		return ret;
	ret = set_hook(&hooks[1]);
	if (ret) {
		remove_hook(&hooks[0]);
		synchronize_rcu_tasks();
	}
	return ret;
}

/*
 * Unregistering waits for callbacks. A task that a callback has sent to our
 * function keeps the module by its reference until leave(); and from there it
 * runs to the end of the system call, which counts as one step for RCU-tasks.
 */
void mk_hooks_remove(void)
{
	remove_hook(&hooks[1]);
	remove_hook(&hooks[0]);
	synchronize_rcu_tasks();
}
