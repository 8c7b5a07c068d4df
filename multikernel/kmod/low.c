// SPDX-License-Identifier: GPL-2.0
/*
 * Low memory. The kernel reserves all of the first MiB and uses a few pages
 * of it: those of its own real-mode code, with which it starts CPUs. They are
 * found by what lies in them, and left out; so are the BIOS's.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <asm/realmode.h>

#include "claims.h"
#include "low.h"

#define LOW_BEGIN 0x10000
#define LOW_END 0x90000
#define LOW_PAGES (SZ_1M >> PAGE_SHIFT)

/* The last word of a kernel's real-mode code. */
#define REALMODE_SIGNATURE 0x65a22c82
#define REALMODE_SIZE_MAX SZ_64K

/* The BIOS data area, and what the kernel takes for nonsense in it. */
#define BDA_EBDA_SEGMENT 0x40e
#define BDA_RAM_KIB 0x413
#define BDA_INSANE 0x20000

static DECLARE_BITMAP(usable, LOW_PAGES);

static u32 low_word(u64 address)
{
	return READ_ONCE(*(u32 *)phys_to_virt(address));
}

/*
 * Where the real-mode code whose header is at `base` ends, or 0 if there is
 * none: addresses in the header that fit, then the signature.
 */
static u64 realmode_end(u64 base)
{
	const struct real_mode_header *header = phys_to_virt(base);
	u64 limit = min_t(u64, base + REALMODE_SIZE_MAX, SZ_1M);
	u64 text = READ_ONCE(header->text_start);
	u64 read_only_end = READ_ONCE(header->ro_end);
	u64 start = READ_ONCE(header->trampoline_start);
	u64 at;

	if (text <= base || !PAGE_ALIGNED(text) || read_only_end <= text ||
	    read_only_end >= limit || start < text || start >= read_only_end)
		return 0;
	for (at = ALIGN(read_only_end, 4); at < limit; at += 4) {
		if (low_word(at) == REALMODE_SIGNATURE)
			return at + 4;
	}
	return 0;
}

/* Code that an earlier kernel has left behind is left out like our own. */
static bool leave_out_realmode(void)
{
	bool found = false;
	u64 base, end;

	for (base = 0; base < SZ_1M - PAGE_SIZE; base += PAGE_SIZE) {
		if (base >= 0xa0000 && base < 0xf0000)
			continue;
		end = realmode_end(base);
		if (!end)
			continue;
		found = true;
		bitmap_clear(usable, PHYS_PFN(base),
			     PFN_UP(end) - PHYS_PFN(base));
		pr_info("real-mode code at %#llx-%#llx\n", base, end - 1);
	}
	return found;
}

static u64 bios_begin(void)
{
	u64 ebda = *(u16 *)phys_to_virt(BDA_EBDA_SEGMENT) << 4;
	u64 ram = *(u16 *)phys_to_virt(BDA_RAM_KIB) << 10;
	u64 begin = LOW_END;

	if (ebda >= BDA_INSANE)
		begin = min(begin, ebda);
	if (ram >= BDA_INSANE)
		begin = min(begin, ram);
	return begin;
}

int mk_low_init(void)
{
	unsigned long pfn, end = PHYS_PFN(bios_begin());

	for (pfn = PHYS_PFN(LOW_BEGIN); pfn < end; pfn++) {
		if (page_is_ram(pfn) && pfn_valid(pfn) &&
		    PageReserved(pfn_to_page(pfn)))
			__set_bit(pfn, usable);
	}
	if (!leave_out_realmode()) {
		pr_err("cannot find the kernel's own real-mode code below 1 MiB: unknown kernel\n");
		return -ENODEV;
	}
	if (bitmap_empty(usable, LOW_PAGES)) {
		pr_err("no memory below 1 MiB is left to start CPUs in\n");
		return -ENODEV;
	}
	return 0;
}

bool mk_low_usable(const struct mk_range *range)
{
	unsigned long begin = PHYS_PFN(range->begin);
	unsigned long end = PFN_UP(range->end);

	return range->begin < range->end && range->end <= SZ_1M &&
	       find_next_zero_bit(usable, end, begin) >= end;
}

bool mk_low_next(u64 *at, struct mk_range *range)
{
	unsigned long begin, end;

	begin = find_next_bit(usable, LOW_PAGES, PFN_UP(*at));
	if (begin >= LOW_PAGES)
		return false;
	end = find_next_zero_bit(usable, LOW_PAGES, begin);
	range->begin = PFN_PHYS(begin);
	range->end = PFN_PHYS(end);
	*at = range->end;
	return true;
}

u64 mk_low_free_page(void)
{
	unsigned long pfn;

	lockdep_assert_held(&mk_changes);
	for_each_set_bit(pfn, usable, LOW_PAGES) {
		struct mk_range page = { PFN_PHYS(pfn), PFN_PHYS(pfn + 1) };

		if (!mk_memory_holder(&page))
			return page.begin;
	}
	return 0;
}

bool mk_low_has_kernel(const struct mk_range *range)
{
	u64 at;

	for (at = range->begin; at < range->end; at += 4) {
		if (low_word(at) == REALMODE_SIGNATURE)
			return true;
	}
	return false;
}

void mk_low_clear(const struct mk_range *range)
{
	memset(phys_to_virt(range->begin), 0, range->end - range->begin);
}
