/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What xxhash.h and the intrinsics headers of the compiler name from <stdlib.h>. Nothing in purgatory calls these, so
 * nothing defines them: a call would not link. */
#ifndef PURGATORY_STDLIB_H
#define PURGATORY_STDLIB_H

#include <stddef.h>

void* malloc(size_t size);
void free(void* memory);

#endif
