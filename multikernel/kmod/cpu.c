// SPDX-License-Identifier: GPL-2.0
/*
 * INIT and start-up messages (Intel SDM volume 3, "MP initialization"). The
 * kernel's own functions for it are not exported; its APIC driver is.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <asm/apic.h>
#include <asm/apicdef.h>
#include <asm/smp.h>

#include "cpu.h"
#include "startup.h"

#define ICR_TRIES 1000
#define INIT_MS 10

u32 mk_apic_id(unsigned int cpu)
{
	return per_cpu(x86_cpu_to_apicid, cpu);
}

static bool is_apic_id(u32 id)
{
	return id != (u32)BAD_APICID && id != (u16)BAD_APICID;
}

bool mk_cpu_exists(s64 cpu)
{
	return cpu >= 0 && cpu < nr_cpu_ids && cpu_present(cpu) &&
	       is_apic_id(mk_apic_id(cpu));
}

/*
 * The message has arrived when this returns: that takes some microseconds.
 * A CPU that was removed has the id that means all CPUs.
 */
static void send(unsigned int cpu, u32 message)
{
	unsigned int tries = ICR_TRIES;
	u32 id = READ_ONCE(per_cpu(x86_cpu_to_apicid, cpu));
	unsigned long flags;

	if (!is_apic_id(id))
		return;
	local_irq_save(flags);
	while ((apic->icr_read() & APIC_ICR_BUSY) && --tries)
		udelay(1);
	apic->icr_write(message, id);
	local_irq_restore(flags);
	usleep_range(100, 200);
}

void mk_cpu_init(unsigned int cpu)
{
	send(cpu, APIC_INT_LEVELTRIG | APIC_INT_ASSERT | APIC_DM_INIT);
	msleep(INIT_MS);
	send(cpu, APIC_INT_LEVELTRIG | APIC_DM_INIT);
}

static bool arrives(const struct mk_startup *startup, unsigned int ms)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(ms);

	while (!mk_startup_arrived(startup)) {
		if (time_after(jiffies, deadline))
			return mk_startup_arrived(startup);
		usleep_range(200, 1000);
	}
	return true;
}

int mk_cpu_start(unsigned int cpu, u64 page, const struct mk_startup *startup,
		 unsigned int ms)
{
	u32 message = APIC_DM_STARTUP | (page >> PAGE_SHIFT);

	mk_cpu_init(cpu);
	send(cpu, message);
	if (arrives(startup, MK_ARRIVE_SOON_MS))
		return 0;
	/* A CPU that has started does not take the second one. */
	send(cpu, message);
	if (arrives(startup, ms))
		return 0;
	mk_cpu_init(cpu);
	return -EIO;
}
