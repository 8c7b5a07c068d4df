/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the kernel shows in files and nowhere else to a module. They are opened
 * with the rights of the kernel, whoever the caller is.
 */
#ifndef MULTIKERNEL_FILES_H
#define MULTIKERNEL_FILES_H

#include <linux/types.h>

int mk_files_init(void);
void mk_files_exit(void);

/*
 * The start of a file, as a string without its last newline. `name` begins
 * below /proc or below /sys.
 */
int mk_read_proc(const char *name, char *buf, size_t size);
int mk_read_sys(const char *name, char *buf, size_t size);

/* Writes a value to a file below /proc. */
int mk_write_proc(const char *name, const char *value);

#endif
