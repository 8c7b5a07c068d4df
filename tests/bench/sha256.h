/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 (FIPS 180-4) in portable C: what a digest of the other kind would cost purgatory. */
#ifndef BENCH_SHA256_H
#define BENCH_SHA256_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct sha256 {
    uint8_t bytes[32];
};

struct sha256 sha256_of_memory(uint64_t address, uint64_t size);

#ifdef __cplusplus
}
#endif

#endif
