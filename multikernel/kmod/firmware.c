// SPDX-License-Identifier: GPL-2.0
/*
 * The firmware's own memory map, from /sys/firmware/memmap: the kernel's
 * command line does not change it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "files.h"
#include "firmware.h"
#include "ranges.h"

#define ENTRIES_MAX 4096

static struct mk_ranges *ram;

static int read_value(unsigned int entry, const char *name, char *buf,
		      size_t size)
{
	char path[48];

	snprintf(path, sizeof(path), "firmware/memmap/%u/%s", entry, name);
	return mk_read_sys(path, buf, size);
}

static int read_address(unsigned int entry, const char *name, u64 *address)
{
	char text[24];
	int ret = read_value(entry, name, text, sizeof(text));

	return ret ? ret : kstrtou64(text, 16, address);
}

/* The entries are numbered without gaps. */
static int read_entry(unsigned int entry)
{
	struct mk_range range;
	char type[32];
	int ret;

	ret = read_value(entry, "type", type, sizeof(type));
	if (ret || strcmp(type, "System RAM"))
		return ret;
	ret = read_address(entry, "start", &range.begin);
	if (!ret)
		ret = read_address(entry, "end", &range.end);
	if (ret)
		return ret;
	range.end++;
	return mk_ranges_add(&ram, &range);
}

int mk_firmware_init(void)
{
	unsigned int entry;
	int ret = 0;

	for (entry = 0; entry < ENTRIES_MAX && !ret; entry++)
		ret = read_entry(entry);
	if (ret && ret != -ENOENT) {
		mk_firmware_exit();
		return ret;
	}
	if (!ram)
		pr_info("no /sys/firmware/memmap: memory that was reserved at boot cannot be used\n");
	return 0;
}

void mk_firmware_exit(void)
{
	kfree(ram);
	ram = NULL;
}

bool mk_firmware_ram(const struct mk_range *range)
{
	return mk_ranges_cover(ram, range);
}
