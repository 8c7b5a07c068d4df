// SPDX-License-Identifier: GPL-2.0
/* Page tables and the trampoline of an instance, filled in for it. */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pgtable.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <asm/desc_defs.h>
#include <asm/trapnr.h>

#include "startup.h"
#include "trampoline.h"

#define TABLE_FLAGS (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED)
#define LEAF_FLAGS (TABLE_FLAGS | _PAGE_DIRTY | _PAGE_PSE)

/* All of it below 4 GiB: a CPU loads CR3 and the GDT before it is in 64-bit mode. */
struct mk_startup {
	u64 *pml4;
	u8 *control;	/* the page of mk_start64 */
};

static void *page_below_4g(void)
{
	return (void *)__get_free_page(GFP_KERNEL | GFP_DMA32 | __GFP_ZERO);
}

static u64 *next_table(u64 *entry)
{
	u64 *table;

	if (*entry)
		return phys_to_virt(*entry & PAGE_MASK);
	table = page_below_4g();
	if (table)
		*entry = virt_to_phys(table) | TABLE_FLAGS;
	return table;
}

/* One to one, in pages of 2 MiB. */
static int map(u64 *pml4, u64 begin, u64 end)
{
	u64 *pdpt, *pd;
	u64 at;

	for (at = ALIGN_DOWN(begin, SZ_2M); at < end; at += SZ_2M) {
		pdpt = next_table(&pml4[(at >> 39) % PTRS_PER_PMD]);
		if (!pdpt)
			return -ENOMEM;
		pd = next_table(&pdpt[(at >> 30) % PTRS_PER_PMD]);
		if (!pd)
			return -ENOMEM;
		pd[(at >> 21) % PTRS_PER_PMD] = at | LEAF_FLAGS;
	}
	return 0;
}

/* `levels` of tables hang below this one. */
static void free_tables(u64 *table, unsigned int levels)
{
	unsigned int i;

	for (i = 0; levels && i < PTRS_PER_PMD; i++) {
		if (table[i])
			free_tables(phys_to_virt(table[i] & PAGE_MASK),
				    levels - 1);
	}
	free_page((unsigned long)table);
}

static u8 *in_copy(u8 *copy, const u8 *of, const u8 *label)
{
	return copy + (label - of);
}

static void set_word(u8 *at, u32 value)
{
	*(u32 *)at = value;
}

/* Below 4 GiB, like everything that a start needs. */
static void set_gate(u8 *control, unsigned int vector, const u8 *label)
{
	gate_desc *idt = (gate_desc *)(control + MK_IDT_OFFSET);
	u32 handler = virt_to_phys(in_copy(control, mk_start64, label));

	idt[vector] = (gate_desc){
		.offset_low = handler,
		.segment = MK_CODE64,
		.bits = { .type = GATE_INTERRUPT, .p = 1 },
		.offset_middle = handler >> 16,
	};
}

static void fill_control(u8 *control, u64 entry)
{
	u8 *idt = in_copy(control, mk_start64, mk_start64_idt);

	memcpy(control, mk_start64, mk_start64_end - mk_start64);
	*(u64 *)in_copy(control, mk_start64, mk_start64_entry) = entry;
	*(u16 *)idt = (X86_TRAP_MC + 1) * sizeof(gate_desc) - 1;
	set_word(idt + 2, virt_to_phys(control) + MK_IDT_OFFSET);
	set_gate(control, X86_TRAP_NMI, mk_start64_nmi);
	set_gate(control, X86_TRAP_MC, mk_start64_machine_check);
}

struct mk_startup *mk_startup_new(u64 entry, const struct mk_ranges *memory)
{
	struct mk_startup *startup;
	unsigned int i;
	int ret;

	startup = kzalloc(sizeof(*startup), GFP_KERNEL);
	if (!startup)
		return NULL;
	startup->control = page_below_4g();
	startup->pml4 = page_below_4g();
	if (!startup->control || !startup->pml4)
		goto free;
	fill_control(startup->control, entry);

	ret = map(startup->pml4, 0, SZ_4G);
	for (i = 0; i < memory->nr && !ret; i++) {
		ret = map(startup->pml4, memory->range[i].begin,
			  memory->range[i].end);
	}
	if (!ret)
		return startup;
free:
	mk_startup_free(startup);
	return NULL;
}

void mk_startup_free(struct mk_startup *startup)
{
	if (!startup)
		return;
	if (startup->pml4)
		free_tables(startup->pml4, 2);
	free_page((unsigned long)startup->control);
	kfree(startup);
}

static u32 *status_of(const struct mk_startup *startup)
{
	return (u32 *)in_copy(startup->control, mk_start64, mk_start64_status);
}

void mk_startup_prepare(struct mk_startup *startup, u64 page)
{
	u8 *copy = phys_to_virt(page);
	u64 control = virt_to_phys(startup->control);
	u8 *gdt = in_copy(copy, mk_start16, mk_start16_gdt);

	memcpy(copy, mk_start16, mk_start16_end - mk_start16);
	*(u16 *)gdt = mk_start64_gdt_end - mk_start64_gdt - 1;
	set_word(gdt + 2, control + (mk_start64_gdt - mk_start64));
	set_word(in_copy(copy, mk_start16, mk_start16_far32),
		 page + (mk_start32 - mk_start16));
	set_word(in_copy(copy, mk_start16, mk_start16_far64), control);
	set_word(in_copy(copy, mk_start16, mk_start16_cr3),
		 virt_to_phys(startup->pml4));
	WRITE_ONCE(*status_of(startup), 0);
}

void mk_startup_prepare_park(struct mk_startup *startup, u64 page)
{
	fill_control(startup->control, virt_to_phys(startup->control) +
				       (mk_start64_park - mk_start64));
	mk_startup_prepare(startup, page);
}

bool mk_startup_arrived(const struct mk_startup *startup)
{
	return READ_ONCE(*status_of(startup)) == MK_STATUS_ARRIVED;
}
