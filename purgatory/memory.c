// SPDX-License-Identifier: GPL-2.0-or-later
/* What <string.h> declares; not included, because there the names are macros. */
#include <stddef.h>
#include <stdint.h>

void* memcpy(void* restrict to, const void* restrict from, size_t size) {
    unsigned char* out = to;
    const unsigned char* in = from;
    while (size--)
        *out++ = *in++;
    return to;
}

void* memmove(void* to, const void* from, size_t size) {
    unsigned char* out = to;
    const unsigned char* in = from;
    if ((uintptr_t)to - (uintptr_t)from >= size)
        return memcpy(to, from, size);
    while (size--)
        out[size] = in[size];
    return to;
}

void* memset(void* to, int byte, size_t size) {
    unsigned char* out = to;
    while (size--)
        *out++ = (unsigned char)byte;
    return to;
}

int memcmp(const void* left, const void* right, size_t size) {
    const unsigned char* a = left;
    const unsigned char* b = right;
    for (; size; size--, a++, b++)
        if (*a != *b)
            return *a < *b ? -1 : 1;
    return 0;
}
