// SPDX-License-Identifier: GPL-2.0
/* /sys/fs/multikernel/pool: what instances may have, and what they hold. */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/tsc.h>

#include "claims.h"
#include "cpu.h"
#include "low.h"
#include "pool.h"

struct text {
	char *at;
	size_t size;
	size_t length;
};

static __printf(2, 3) void add(struct text *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	text->length += vscnprintf(text->at + text->length,
				   text->size - text->length, format,
				   arguments);
	va_end(arguments);
}

static void write_cpu(struct text *text, unsigned int cpu)
{
	const struct mk_instance *holder = mk_cpu_holder(cpu, NULL);

	add(text, "cpu %u apic %#x ", cpu, mk_apic_id(cpu));
	if (cpu_online(cpu))
		add(text, "online\n");
	else if (holder)
		add(text, "instance %u\n", holder->id);
	else
		add(text, "offline\n");
}

static void write_memory(struct text *text, const struct mk_instance *inst)
{
	unsigned int i;

	for (i = 0; inst->memory && i < inst->memory->nr; i++) {
		const struct mk_range *range = &inst->memory->range[i];

		add(text, "memory %#llx-%#llx instance %u\n", range->begin,
		    range->end - 1, inst->id);
	}
}

static void write_pool(struct text *text)
{
	struct mk_instance *inst;
	struct mk_range range;
	unsigned int cpu;
	u64 at = 0;

	add(text, "tsc_khz %u\n", tsc_khz);
	while (mk_low_next(&at, &range))
		add(text, "low %#llx-%#llx\n", range.begin, range.end - 1);
	spin_lock(&mk_claims);
	for_each_present_cpu(cpu)
		write_cpu(text, cpu);
	list_for_each_entry(inst, &mk_instances, node)
		write_memory(text, inst);
	spin_unlock(&mk_claims);
}

char *mk_pool_text(size_t *length)
{
	struct text text = { .size = PAGE_SIZE };

	for (;; text.size *= 2) {
		text.length = 0;
		text.at = kvmalloc(text.size, GFP_KERNEL);
		if (!text.at)
			return NULL;
		write_pool(&text);
		if (text.length + 1 < text.size)
			break;
		kvfree(text.at);
	}
	*length = text.length;
	return text.at;
}
