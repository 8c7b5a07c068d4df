// SPDX-License-Identifier: GPL-2.0
/* Machines whose CPUs this module cannot start, or must not. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cc_platform.h>
#include <linux/kernel.h>
#include <linux/smp.h>
#include <asm/apic.h>
#include <asm/cpufeature.h>
#include <asm/hypervisor.h>
#include <asm/msr.h>

#include "platform.h"

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

/* As a dom0, and as a guest with or without its own page tables. */
static bool under_xen(void)
{
	return boot_cpu_has(X86_FEATURE_XENPV) ||
	       hypervisor_is_type(X86_HYPER_XEN_PV) ||
	       hypervisor_is_type(X86_HYPER_XEN_HVM);
}

/* Such a guest's CPUs come by its hypervisor or firmware, never by INIT. */
static const char *confidential_guest(void)
{
	if (boot_cpu_has(X86_FEATURE_TDX_GUEST))
		return "a TDX guest";
	if (cc_platform_has(CC_ATTR_GUEST_SEV_SNP))
		return "an SEV-SNP guest";
	if (cc_platform_has(CC_ATTR_GUEST_STATE_ENCRYPT))
		return "an SEV-ES guest";
	if (cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT))
		return "a guest with encrypted memory";
	return NULL;
}

/* SGI UV, NumaConnect, a firmware with a mailbox, some hypervisors. */
static bool starts_cpus_its_own_way(void)
{
	return apic->wakeup_secondary_cpu || apic->wakeup_secondary_cpu_64;
}

int mk_platform_check(void)
{
	const char *guest = confidential_guest();

	if (guest)
		pr_err("this is %s: its CPUs are not started by INIT\n", guest);
	else if (cc_platform_has(CC_ATTR_MEM_ENCRYPT))
		pr_err("memory is encrypted (SME): a second kernel would not find its own\n");
	else if (under_xen())
		pr_err("this kernel runs under Xen, which has the CPUs\n");
	else if (!boot_cpu_has(X86_FEATURE_APIC))
		pr_err("this machine has no local APIC to start CPUs by\n");
	else if (starts_cpus_its_own_way())
		pr_err("this platform (%s) starts CPUs in its own way\n",
		       apic->name);
	else if (!cpu_0_is_firmware_boot_cpu())
		pr_err("CPU 0 is not the one that the firmware has started\n");
	else
		return 0;
	return -ENODEV;
}
