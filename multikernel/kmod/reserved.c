// SPDX-License-Identifier: GPL-2.0
/*
 * What the administrator has reserved by memmap= on the kernel's command line.
 * The kernel calls other memory "Reserved" too, for its own use: ACPI tables
 * from the initial RAM disk, tables that EFI has left behind.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/e820/types.h>

#include "files.h"
#include "ranges.h"
#include "reserved.h"

#define CMDLINE_MAX SZ_64K
#define EFI_ENTRIES_MAX 4096

static struct mk_ranges *reserved;

/* EFI's own memory, and its tables that the kernel uses. */
static struct mk_ranges *efi;

static int add_sized(struct mk_ranges **ranges, u64 begin, u64 size)
{
	struct mk_range range = { begin, begin + size };

	return range.begin < range.end ? mk_ranges_add(ranges, &range) : 0;
}

/*
 * One element of memmap=, as the kernel takes it: SIZE$ADDRESS reserves, and so
 * does SIZE%ADDRESS-OLDTYPE+2. "exactmap" forgets those before it.
 */
static int add_element(char *element)
{
	unsigned long long to = 0;
	u64 size, begin;
	char *at;

	if (!strncmp(element, "exactmap", 8)) {
		kfree(reserved);
		reserved = NULL;
		return 0;
	}
	size = memparse(element, &at);
	if (at == element || (*at != '$' && *at != '%'))
		return 0;
	if (*at == '$')
		return add_sized(&reserved, memparse(at + 1, &at), size);
	begin = memparse(at + 1, &at);
	at = strchr(at, '+');
	if (at && !kstrtoull(at + 1, 0, &to) && to == E820_TYPE_RESERVED)
		return add_sized(&reserved, begin, size);
	return 0;
}

static int add_elements(char *list)
{
	char *element;
	int ret = 0;

	while (!ret && (element = strsep(&list, ",")))
		ret = add_element(element);
	return ret;
}

/* What follows "--" is for init. */
static int read_parameters(char *cmdline)
{
	char *at = skip_spaces(cmdline), *name, *value;
	int ret = 0;

	while (*at && !ret) {
		at = next_arg(at, &name, &value);
		if (!value && !strcmp(name, "--"))
			break;
		if (value && !strcmp(name, "memmap"))
			ret = add_elements(value);
	}
	return ret;
}

static int read_cmdline(void)
{
	char *cmdline = kvmalloc(CMDLINE_MAX, GFP_KERNEL);
	int ret;

	if (!cmdline)
		return -ENOMEM;
	ret = mk_read_proc("cmdline", cmdline, CMDLINE_MAX);
	if (!ret)
		ret = read_parameters(cmdline);
	kvfree(cmdline);
	return ret;
}

static int read_efi_value(unsigned int entry, const char *name, u64 *value)
{
	char path[56], text[24];
	int ret;

	snprintf(path, sizeof(path), "firmware/efi/runtime-map/%u/%s", entry,
		 name);
	ret = mk_read_sys(path, text, sizeof(text));
	return ret ? ret : kstrtou64(text, 0, value);
}

/*
 * The kernel's copy of EFI's map, of what stays EFI's. Tables that the kernel
 * keeps are marked so there. Where memmap= lies over them, /proc/iomem shows
 * nothing of it.
 */
static int read_efi_map(void)
{
	unsigned int entry;
	u64 begin, pages;
	int ret = 0;

	for (entry = 0; entry < EFI_ENTRIES_MAX && !ret; entry++) {
		ret = read_efi_value(entry, "phys_addr", &begin);
		if (!ret)
			ret = read_efi_value(entry, "num_pages", &pages);
		if (!ret)
			ret = add_sized(&efi, begin, pages * SZ_4K);
	}
	return ret == -ENOENT ? 0 : ret;
}

int mk_reserved_init(void)
{
	int ret;

	ret = read_cmdline();
	if (!ret)
		ret = read_efi_map();
	if (ret)
		mk_reserved_exit();
	return ret;
}

void mk_reserved_exit(void)
{
	kfree(efi);
	kfree(reserved);
	efi = NULL;
	reserved = NULL;
}

bool mk_reserved_by_parameter(const struct mk_range *range)
{
	return mk_ranges_cover(reserved, range) && !mk_ranges_touch(efi, range);
}
