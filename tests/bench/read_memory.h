/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_READ_MEMORY_H
#define BENCH_READ_MEMORY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Loads every byte once, 16 at a time, and folds them together: what no digest can be faster than. Multiples of 64. */
uint64_t read_memory(uint64_t address, uint64_t size);

#ifdef __cplusplus
}
#endif

#endif
