// SPDX-License-Identifier: GPL-2.0
/*
 * Callbacks of the host: CPUs and memory blocks that go online, suspend, and its
 * end. They run with locks of the host held and take mk_claims only, but for the
 * last one.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpuhotplug.h>
#include <linux/jiffies.h>
#include <linux/memory.h>
#include <linux/pfn.h>
#include <linux/reboot.h>
#include <linux/suspend.h>

#include "claims.h"
#include "host.h"
#include "run.h"

static int hotplug_state;

/* The host tries again several times within a second or so. */
static bool told_lately(unsigned int cpu)
{
	static unsigned int last_cpu;
	static unsigned long until;
	bool lately = cpu == last_cpu && time_before(jiffies, until);

	last_cpu = cpu;
	until = jiffies + 2 * HZ;
	return lately;
}

/* One at a time: the hotplug lock is held. */
static int cpu_going_online(unsigned int cpu)
{
	struct mk_instance *holder;
	u32 id = 0;

	spin_lock(&mk_claims);
	holder = mk_cpu_holder(cpu, NULL);
	if (holder && mk_running(holder))
		id = holder->id;
	spin_unlock(&mk_claims);
	if (!id)
		return 0;
	if (!told_lately(cpu))
		pr_info("CPU %u stays offline: it belongs to instance %u\n",
			cpu, id);
	return -EBUSY;
}

static int memory_changes(struct notifier_block *nb, unsigned long action,
			  void *data)
{
	const struct memory_notify *block = data;
	struct mk_range range;
	u32 id = 0;

	switch (action) {
	case MEM_GOING_ONLINE:
		range.begin = PFN_PHYS(block->start_pfn);
		range.end = range.begin + PFN_PHYS(block->nr_pages);
		spin_lock(&mk_claims);
		id = mk_memory_holder(&range);
		if (!id)
			mk_set_going_online(range);
		spin_unlock(&mk_claims);
		break;
	case MEM_ONLINE:
	case MEM_CANCEL_ONLINE:
		spin_lock(&mk_claims);
		mk_set_going_online((struct mk_range){});
		spin_unlock(&mk_claims);
		break;
	}
	if (!id)
		return NOTIFY_OK;
	pr_info("memory %#llx-%#llx stays offline: it belongs to instance %u\n",
		range.begin, range.end - 1, id);
	return notifier_from_errno(-EBUSY);
}

/* An active instance or, with `or_loaded`, one that can or will be started. */
static u32 find_instance(bool or_loaded)
{
	struct mk_instance *inst;

	list_for_each_entry(inst, &mk_instances, node) {
		if (mk_running(inst) || inst->status == MK_RETURNING ||
		    (or_loaded && (inst->status == MK_LOADED ||
				   inst->status == MK_LOADING)))
			return inst->id;
	}
	return 0;
}

/*
 * A machine that sleeps takes all its kernels with it. One that hibernates
 * does not save reserved and offline memory, where the images are.
 */
static int power_changes(struct notifier_block *nb, unsigned long action,
			 void *data)
{
	u32 id = 0;

	spin_lock(&mk_claims);
	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
	case PM_RESTORE_PREPARE:
		id = find_instance(action != PM_SUSPEND_PREPARE);
		mk_set_falling_asleep(!id);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
	case PM_POST_RESTORE:
		mk_set_falling_asleep(false);
		break;
	}
	spin_unlock(&mk_claims);
	if (!id)
		return NOTIFY_OK;
	pr_info("no suspend: instance %u is %s\n", id,
		action == PM_SUSPEND_PREPARE ? "active" : "active or loaded");
	return notifier_from_errno(-EBUSY);
}

/*
 * Whoever comes next has all the memory: the kernel of a kexec would share it
 * with instances that it does not know. Before a kexec, hook.c has halted them
 * already, for an error here would stop nothing.
 */
static int host_ends(struct notifier_block *nb, unsigned long action,
		     void *data)
{
	spin_lock(&mk_claims);
	mk_set_falling_asleep(true);
	spin_unlock(&mk_claims);
	/* It says what has not stopped. The host takes no error here. */
	mk_halt_all();
	return NOTIFY_DONE;
}

static struct notifier_block memory_notifier = {
	.notifier_call = memory_changes,
};

static struct notifier_block power_notifier = {
	.notifier_call = power_changes,
};

static struct notifier_block reboot_notifier = {
	.notifier_call = host_ends,
};

int mk_host_watch(void)
{
	int ret;

	ret = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
					"multikernel:prepare",
					cpu_going_online, NULL);
	if (ret < 0)
		return ret;
	hotplug_state = ret;

	ret = register_memory_notifier(&memory_notifier);
	if (ret)
		goto remove_state;
	ret = register_pm_notifier(&power_notifier);
	if (ret)
		goto remove_memory;
	ret = register_reboot_notifier(&reboot_notifier);
	if (ret)
		goto remove_power;
	return 0;

remove_power:
	unregister_pm_notifier(&power_notifier);
remove_memory:
	unregister_memory_notifier(&memory_notifier);
remove_state:
	cpuhp_remove_state_nocalls(hotplug_state);
	return ret;
}

void mk_host_unwatch(void)
{
	unregister_reboot_notifier(&reboot_notifier);
	unregister_pm_notifier(&power_notifier);
	unregister_memory_notifier(&memory_notifier);
	cpuhp_remove_state_nocalls(hotplug_state);
}
