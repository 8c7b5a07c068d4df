// SPDX-License-Identifier: GPL-2.0
/* Memory that instances may have, and writing to it. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "firmware.h"
#include "low.h"
#include "memory.h"
#include "reserved.h"

/* The trampoline has page tables of four levels, the host may have five. */
#define ADDRESS_LIMIT BIT_ULL(47)

/* What is mapped at a time. */
#define WINDOW SZ_2M

struct coverage {
	u64 until;	/* everything below is covered */
	u64 end;
};

static int cover(struct resource *res, void *data)
{
	struct coverage *covered = data;

	if (res->start <= covered->until && res->end >= covered->until)
		covered->until = res->end + 1;
	return covered->until >= covered->end;
}

static int found(struct resource *res, void *unused)
{
	return 1;
}

/* Also below others: region_intersects() of older kernels looks at the top only. */
static bool has_resource(const struct mk_range *range, unsigned long flags)
{
	return walk_iomem_res_desc(IORES_DESC_NONE, flags, range->begin,
				   range->end - 1, NULL, found) == 1;
}

/*
 * Outside System RAM, inside what the running kernel calls Reserved because of
 * memmap=, no driver's, and RAM to the firmware: its own Reserved ranges may be
 * devices.
 */
static bool is_reserved_at_boot(const struct mk_range *range)
{
	struct coverage covered = { range->begin, range->end };

	if (has_resource(range, IORESOURCE_SYSTEM_RAM) ||
	    has_resource(range, IORESOURCE_MEM | IORESOURCE_BUSY))
		return false;
	walk_iomem_res_desc(IORES_DESC_RESERVED, IORESOURCE_MEM, range->begin,
			    range->end - 1, &covered, cover);
	return covered.until >= covered.end &&
	       mk_reserved_by_parameter(range) && mk_firmware_ram(range);
}

/*
 * The pages of a section go online together. Not the memory that a driver
 * has added (parts of it may not be there), nor a block that holds its own
 * struct pages.
 */
static bool section_is_offline(unsigned long pfn)
{
	unsigned long memmap_pfn;

	if (!pfn_valid(pfn) || pfn_to_online_page(pfn))
		return false;
	memmap_pfn = PHYS_PFN(slow_virt_to_phys(pfn_to_page(pfn)));
	return pfn_to_online_page(memmap_pfn);
}

static bool is_offline(const struct mk_range *range)
{
	u64 size = range->end - range->begin;
	unsigned long pfn, end = PHYS_PFN(range->end);

	if (region_intersects(range->begin, size, IORESOURCE_SYSTEM_RAM,
			      IORES_DESC_NONE) != REGION_INTERSECTS ||
	    region_intersects(range->begin, size,
			      IORESOURCE_SYSTEM_RAM |
			      IORESOURCE_SYSRAM_DRIVER_MANAGED,
			      IORES_DESC_NONE) != REGION_DISJOINT)
		return false;
	for (pfn = PHYS_PFN(range->begin); pfn < end;
	     pfn = SECTION_ALIGN_DOWN(pfn) + PAGES_PER_SECTION) {
		if (!section_is_offline(pfn))
			return false;
		cond_resched();
	}
	return true;
}

/*
 * The kernel has found the page to be broken, and keeps the mark while the
 * block is offline. A block that has never been online may have no marks yet:
 * debugging options then fill them with a pattern.
 */
static bool is_poisoned(unsigned long pfn)
{
	return pfn_valid(pfn) && !PagePoisoned(pfn_to_page(pfn)) &&
	       PageHWPoison(pfn_to_page(pfn));
}

static bool has_poisoned_page(const struct mk_range *range)
{
	unsigned long pfn, end = PHYS_PFN(range->end);

	for (pfn = PHYS_PFN(range->begin); pfn < end; pfn++) {
		if (is_poisoned(pfn)) {
			pr_info("memory at %#llx is broken: marked as poisoned\n",
				PFN_PHYS(pfn));
			return true;
		}
		if (!(pfn % PAGES_PER_SECTION))
			cond_resched();
	}
	return false;
}

int mk_memory_check(const struct mk_ranges *ranges)
{
	unsigned int i;

	for (i = 0; i < ranges->nr; i++) {
		const struct mk_range *range = &ranges->range[i];

		if (range->end > ADDRESS_LIMIT)
			return -EADDRNOTAVAIL;
		if (range->begin < SZ_1M ? !mk_low_usable(range) :
		    !is_offline(range) && !is_reserved_at_boot(range))
			return -EADDRNOTAVAIL;
		if (has_poisoned_page(range))
			return -EADDRNOTAVAIL;
	}
	return 0;
}

/*
 * Offline RAM is mapped anew, page by page: under debugging options the
 * kernel's own mapping of free pages may be gone, or watched.
 */
static void *map_window(u64 at, u64 size, struct page **pages)
{
	unsigned int i, nr = size >> PAGE_SHIFT;

	if (!page_is_ram(PHYS_PFN(at)))
		return memremap(at, size, MEMREMAP_WB);
	for (i = 0; i < nr; i++)
		pages[i] = pfn_to_page(PHYS_PFN(at) + i);
	return vmap(pages, nr, VM_MAP, PAGE_KERNEL);
}

static void unmap_window(u64 at, void *window)
{
	if (page_is_ram(PHYS_PFN(at)))
		vunmap(window);
	else
		memunmap(window);
}

static int fill_window(void *to, u64 size, const void __user *buf, u64 bufsz)
{
	u64 at, part;

	for (at = 0; at < size; at += PAGE_SIZE) {
		part = at < bufsz ? min_t(u64, bufsz - at, PAGE_SIZE) : 0;
		if (part && copy_from_user(to + at, buf + at, part))
			return -EFAULT;
		memset(to + at + part, 0, PAGE_SIZE - part);
		cond_resched();
	}
	return 0;
}

int mk_memory_fill(const struct mk_range *to, const void __user *buf, u64 bufsz)
{
	struct page **pages;
	u64 at, done, size, copied;
	void *window;
	int ret = 0;

	pages = kcalloc(WINDOW >> PAGE_SHIFT, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	for (at = to->begin; at < to->end && !ret; at += size) {
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		size = min_t(u64, to->end - at, WINDOW);
		done = at - to->begin;
		copied = done < bufsz ? min(bufsz - done, size) : 0;
		window = map_window(at, size, pages);
		if (!window) {
			ret = -ENOMEM;
			break;
		}
		ret = fill_window(window, size, buf + done, copied);
		unmap_window(at, window);
	}
	kfree(pages);
	return ret;
}
