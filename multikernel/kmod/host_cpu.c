// SPDX-License-Identifier: GPL-2.0
/* What the host's own handling of its CPUs says, and does, about those of instances. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/processor.h>
#ifdef MK_CPUID_HEADER
#include <asm/cpuid/api.h>
#endif

#include "cpu.h"
#include "files.h"
#include "host_cpu.h"

/* Extended topology (Intel SDM volume 2, CPUID), and AMD's older leaf. */
#define LEAF_TOPOLOGY 0xb
#define LEAF_AMD_TOPOLOGY 0x8000001e

/* Hotplug may be switched off for a moment. */
#define BUSY_TRIES 20
#define BUSY_MS 50

/* How many low bits of an APIC id number the threads of a core. */
static unsigned int thread_bits(void)
{
	u32 a, b = 0, c, d;

	if (boot_cpu_data.cpuid_level >= LEAF_TOPOLOGY) {
		cpuid_count(LEAF_TOPOLOGY, 0, &a, &b, &c, &d);
		if (b & 0xffff)
			return a & 0x1f;
	}
	if (boot_cpu_has(X86_FEATURE_TOPOEXT))
		return order_base_2(((cpuid_ebx(LEAF_AMD_TOPOLOGY) >> 8) & 0xff) + 1);
	/* Before these there were cores of one and of two threads. */
	return 1;
}

bool mk_threads_allowed(void)
{
	char control[24];
	int ret = mk_read_sys("devices/system/cpu/smt/control", control,
			      sizeof(control));

	if (ret)
		return ret == -ENOENT;
	return strcmp(control, "off") && strcmp(control, "forceoff");
}

static bool is_further_thread(unsigned int cpu)
{
	return mk_apic_id(cpu) & (BIT(thread_bits()) - 1);
}

int mk_cpus_allowed(const struct mk_cpus *cpus, bool threads)
{
	unsigned int i;

	for (i = 0; i < cpus->nr && !threads; i++) {
		if (is_further_thread(cpus->cpu[i])) {
			pr_info("CPU %u is not started: SMT is off, and it is not the first thread of its core\n",
				cpus->cpu[i]);
			return -EPERM;
		}
	}
	return 0;
}

static int bring_online(unsigned int cpu)
{
	unsigned int tries = BUSY_TRIES;
	int ret;

	while ((ret = add_cpu(cpu)) == -EBUSY && --tries)
		msleep(BUSY_MS);
	return ret;
}

int mk_cpu_give_back(unsigned int cpu)
{
	int ret;

	/* The host has removed it, or has brought it online meanwhile. */
	if (!mk_cpu_exists(cpu) || !get_cpu_device(cpu))
		return 0;
	ret = bring_online(cpu);
	if (ret)
		return ret > 0 ? 0 : ret;
	ret = remove_cpu(cpu);
	if (ret)
		pr_warn("CPU %u stays online: error %d\n", cpu, ret);
	return 0;
}
