/* SPDX-License-Identifier: GPL-2.0 */
/* Page tables and the trampoline of an instance. */
#ifndef MULTIKERNEL_STARTUP_H
#define MULTIKERNEL_STARTUP_H

#include "instance.h"

/* What a start needs of the host's memory, kept as long as the instance. */
struct mk_startup *mk_startup_new(u64 entry, const struct mk_ranges *memory);
void mk_startup_free(struct mk_startup *startup);

/* Fills a page below 1 MiB for the next start. */
void mk_startup_prepare(struct mk_startup *startup, u64 page);
/*
 * The same; the CPU will wait in the module's code, which must stay as long as
 * the CPU does. For good: the entry is gone.
 */
void mk_startup_prepare_park(struct mk_startup *startup, u64 page);
bool mk_startup_arrived(const struct mk_startup *startup);

#endif
