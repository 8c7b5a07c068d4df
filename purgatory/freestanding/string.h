/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The four functions that a compiler may call even in a freestanding program; memory.c defines them. The macros let the
 * compiler put a short copy in place, which -ffreestanding by itself forbids: xxhash.h reads every word by memcpy. */
#ifndef PURGATORY_STRING_H
#define PURGATORY_STRING_H

#include <stddef.h>

void* memcpy(void* restrict to, const void* restrict from, size_t size);
void* memmove(void* to, const void* from, size_t size);
void* memset(void* to, int byte, size_t size);
int memcmp(const void* left, const void* right, size_t size);

#define memcpy(to, from, size) __builtin_memcpy(to, from, size)
#define memmove(to, from, size) __builtin_memmove(to, from, size)
#define memset(to, byte, size) __builtin_memset(to, byte, size)
#define memcmp(left, right, size) __builtin_memcmp(left, right, size)

#endif
