// SPDX-License-Identifier: GPL-2.0
/* reboot(2): an instance starts and is stopped. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/cpu.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "claims.h"
#include "cpu.h"
#include "host_cpu.h"
#include "low.h"
#include "run.h"
#include "startup.h"

static atomic_t nr_active = ATOMIC_INIT(0);

bool notrace mk_any_active(void)
{
	return atomic_read(&nr_active);
}

/*
 * CPU 0 is the one that the firmware has started: INIT would make it run the
 * firmware again.
 */
static int check_cpus(const struct mk_instance *inst,
		      const struct mk_cpus *cpus)
{
	unsigned int i;

	for (i = 0; i < cpus->nr; i++) {
		if (!cpus->cpu[i] || cpu_online(cpus->cpu[i]) ||
		    mk_cpu_holder(cpus->cpu[i], inst))
			return -EBUSY;
	}
	return 0;
}

/*
 * No CPU comes or goes while the hotplug lock is held; and who looks later, in
 * host.c, finds the instance starting.
 */
static int take_cpus(struct mk_instance *inst, struct mk_cpus *cpus)
{
	int ret;

	cpus_read_lock();
	spin_lock(&mk_claims);
	ret = mk_falling_asleep() ? -EBUSY : check_cpus(inst, cpus);
	if (!ret) {
		inst->cpus = cpus;
		inst->status = MK_STARTING;
	}
	spin_unlock(&mk_claims);
	cpus_read_unlock();
	return ret;
}

static void set_cpus(struct mk_instance *inst, struct mk_cpus *cpus,
		     enum mk_status status)
{
	spin_lock(&mk_claims);
	inst->cpus = cpus;
	inst->status = status;
	spin_unlock(&mk_claims);
}

/* In the instance's own low memory if it has some, else where there is room. */
static u64 start_page(const struct mk_instance *inst)
{
	unsigned int i;

	for (i = 0; i < inst->memory->nr; i++) {
		if (inst->memory->range[i].end <= SZ_1M)
			return inst->memory->range[i].begin;
	}
	return mk_low_free_page();
}

static int start_boot_cpu(struct mk_instance *inst)
{
	unsigned int cpu = inst->cpus->cpu[0];
	u64 page = start_page(inst);
	int ret;

	if (!page)
		return -ENOMEM;
	mk_startup_prepare(inst->startup, page);
	ret = mk_cpu_start(cpu, page, inst->startup, MK_ARRIVE_MS);
	if (ret) {
		pr_warn("instance %u: CPU %u did not arrive\n", inst->id, cpu);
		return ret;
	}
	/* A running instance keeps the module. */
	__module_get(THIS_MODULE);
	atomic_inc(&nr_active);
	spin_lock(&mk_claims);
	inst->arrived = true;
	inst->status = MK_ACTIVE;
	spin_unlock(&mk_claims);
	pr_info("instance %u: started on CPU %u, APIC id %#x\n", inst->id, cpu,
		mk_apic_id(cpu));
	return 0;
}

static struct mk_cpus *only(unsigned int cpu)
{
	struct mk_cpus *cpus = kmalloc(struct_size(cpus, cpu, 1), GFP_KERNEL);

	if (cpus) {
		cpus->nr = 1;
		cpus->cpu[0] = cpu;
	}
	return cpus;
}

/*
 * After -EIO the boot CPU is on its way back to the host; `before` then is what
 * the instance had for CPUs.
 */
static int start_instance(struct mk_instance *inst, unsigned int cpu,
			  bool threads, struct mk_cpus **before)
{
	struct mk_cpus *cpus = inst->cpus ? inst->cpus : only(cpu);
	int ret;

	*before = inst->cpus;
	if (!cpus)
		return -ENOMEM;
	if (cpus->cpu[0] != cpu)
		ret = -EINVAL;
	else
		ret = mk_cpus_allowed(cpus, threads);
	if (!ret)
		ret = take_cpus(inst, cpus);
	if (ret)
		goto free;
	ret = start_boot_cpu(inst);
	if (!ret)
		return 0;
	if (ret == -EIO) {
		mk_set_status(inst, MK_RETURNING);
		return ret;
	}
	set_cpus(inst, *before, MK_LOADED);
free:
	if (cpus != *before)
		kfree(cpus);
	return ret;
}

/* Without mk_changes: the host's hotplug may have to wait for its own locks. */
static void return_boot_cpu(struct mk_instance *inst, struct mk_cpus *before)
{
	struct mk_cpus *cpus = inst->cpus;

	if (mk_cpu_give_back(cpus->cpu[0]))
		pr_err("CPU %u does not start in the host either\n",
		       cpus->cpu[0]);
	mutex_lock(&mk_changes);
	set_cpus(inst, before, MK_LOADED);
	mutex_unlock(&mk_changes);
	if (cpus != before)
		kfree(cpus);
}

int mk_start(s32 id, s32 cpu)
{
	bool threads = mk_threads_allowed();
	struct mk_cpus *before;
	struct mk_instance *inst;
	int ret;

	if (mutex_lock_killable(&mk_changes))
		return -EINTR;
	inst = mk_find(id);
	if (!inst || inst->status == MK_HALTED)
		ret = -EINVAL;
	else if (inst->status != MK_LOADED)
		ret = -EBUSY;
	else if (!mk_cpu_exists(cpu))
		ret = -ENODEV;
	else
		ret = start_instance(inst, cpu, threads, &before);
	mutex_unlock(&mk_changes);
	if (ret == -EIO)
		return_boot_cpu(inst, before);
	return ret;
}

/* Not in its own low memory if that can be: should this fail, it still runs. */
static u64 park_page(const struct mk_instance *inst)
{
	u64 page = mk_low_free_page();

	return page ? page : start_page(inst);
}

/*
 * A CPU with virtualization on ignores INIT (Intel SDM volume 3, "VMX
 * operation"). So each has to come into the module's code, where it then waits,
 * before anyone is told that its memory is free. A CPU that the host has removed
 * is gone.
 */
static int park_cpu(struct mk_instance *inst, unsigned int cpu, u64 page,
		    unsigned int ms)
{
	int ret;

	if (!mk_cpu_exists(cpu))
		return 0;
	mk_startup_prepare_park(inst->startup, page);
	ret = mk_cpu_start(cpu, page, inst->startup, ms);
	if (ret)
		pr_err("instance %u: CPU %u does not answer to INIT\n",
		       inst->id, cpu);
	return ret;
}

/*
 * The boot CPU last. Twice, for one that was halted may have been started
 * again by one that was not yet. Where one does not answer, the others get
 * less time: the host may be waiting to reboot.
 */
static int halt_cpus(struct mk_instance *inst)
{
	const struct mk_cpus *cpus = inst->cpus;
	u64 page = park_page(inst);
	unsigned int i;
	int ret = 0;

	if (!page)
		return -ENOMEM;
	for (i = cpus->nr; i--;)
		mk_cpu_init(cpus->cpu[i]);
	for (i = cpus->nr; i--;)
		ret = park_cpu(inst, cpus->cpu[i], page,
			       ret ? MK_ARRIVE_SOON_MS : MK_ARRIVE_MS) ?: ret;
	return ret;
}

/* When this succeeds, the CPUs wait in the code of the instance's startup. */
static int stop_instance(struct mk_instance *inst)
{
	int ret = halt_cpus(inst);

	if (ret)
		return ret;
	mk_set_status(inst, MK_RETURNING);
	atomic_dec(&nr_active);
	/* Whoever calls keeps the module, or is called by the host. */
	module_put(THIS_MODULE);
	pr_info("instance %u: halted\n", inst->id);
	return 0;
}

/* Without mk_changes, too. */
static void return_cpus(struct mk_instance *inst)
{
	const struct mk_cpus *cpus = inst->cpus;
	struct mk_startup *startup = inst->startup;
	unsigned int i;
	int ret;

	for (i = 0; i < cpus->nr; i++) {
		ret = mk_cpu_give_back(cpus->cpu[i]);
		if (!ret)
			continue;
		pr_warn("CPU %u waits in the module's memory, which stays taken: the host does not bring it online, error %d\n",
			cpus->cpu[i], ret);
		startup = NULL;
	}
	mk_startup_free(startup);
	mutex_lock(&mk_changes);
	inst->startup = NULL;
	mk_set_status(inst, MK_HALTED);
	mutex_unlock(&mk_changes);
}

int mk_force_halt(s32 id)
{
	struct mk_instance *inst;
	bool stopped;
	int ret = 0;

	if (mutex_lock_killable(&mk_changes))
		return -EINTR;
	inst = mk_find(id);
	if (!inst)
		ret = -ENOENT;
	else if (inst->status == MK_LOADED)
		ret = -EINVAL;
	else if (inst->status == MK_RETURNING)
		ret = -EBUSY;
	else if (inst->status == MK_ACTIVE)
		ret = stop_instance(inst);
	stopped = !ret && inst->status == MK_RETURNING;
	mutex_unlock(&mk_changes);
	if (stopped)
		return_cpus(inst);
	return ret;
}

/* The CPUs stay where they wait, and the memory of that code with them. */
int mk_halt_all(void)
{
	struct mk_instance *inst;
	int ret = 0;

	mutex_lock(&mk_changes);
	list_for_each_entry(inst, &mk_instances, node) {
		if (inst->status != MK_ACTIVE)
			continue;
		if (stop_instance(inst)) {
			pr_err("instance %u still runs\n", inst->id);
			ret = -EIO;
			continue;
		}
		inst->startup = NULL;
		mk_set_status(inst, MK_HALTED);
	}
	mutex_unlock(&mk_changes);
	return ret;
}
