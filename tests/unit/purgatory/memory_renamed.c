// SPDX-License-Identifier: GPL-2.0-or-later
/* purgatory's own mem* under names that leave the C library's alone. */
#define memcpy purgatory_memcpy
#define memmove purgatory_memmove
#define memset purgatory_memset
#define memcmp purgatory_memcmp

#include "purgatory/memory.c"
