// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/bench/read_memory.h"

#include <emmintrin.h>

uint64_t read_memory(uint64_t address, uint64_t size) {
    const __m128i* at = (const __m128i*)(uintptr_t)address;
    const __m128i* end = at + size / sizeof *at;
    __m128i folded[4] = {_mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128(), _mm_setzero_si128()};
    for (; at != end; at += 4) {
        folded[0] = _mm_xor_si128(folded[0], _mm_loadu_si128(at));
        folded[1] = _mm_xor_si128(folded[1], _mm_loadu_si128(at + 1));
        folded[2] = _mm_xor_si128(folded[2], _mm_loadu_si128(at + 2));
        folded[3] = _mm_xor_si128(folded[3], _mm_loadu_si128(at + 3));
    }
    const __m128i all = _mm_xor_si128(_mm_xor_si128(folded[0], folded[1]), _mm_xor_si128(folded[2], folded[3]));
    return (uint64_t)_mm_cvtsi128_si64(all) ^ (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(all, all));
}
