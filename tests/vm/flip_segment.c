/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library to preload: flips the lowest bit of one byte of one segment in kexec_load(2), after the program has made
 * its digests and before the kernel sees the segments. The program's own memory and files are left alone.
 *
 *   FLIP_TEXT=TEXT   the segment that holds TEXT; offsets count from there
 *   FLIP_RANK=N      else the segment with the Nth largest content, from 0; offsets count from its middle
 *   FLIP_OFFSET=N    added to that position; 0 when unset
 *
 * Prints what it flipped on the standard error. Ends the program with exit code 99 when there is nothing to flip.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct kexec_segment {
    const void* buf;
    size_t bufsz;
    const void* mem;
    size_t memsz;
};

enum { segment_max = 16 };

static _Noreturn void give_up(const char* why) {
    fprintf(stderr, "flip: %s\n", why);
    exit(99);
}

static long number_from(const char* name) {
    const char* text = getenv(name);
    return text ? strtol(text, NULL, 0) : 0;
}

static size_t segment_of_rank(const struct kexec_segment* segments, size_t count, size_t rank) {
    for (size_t i = 0; i < count; i++) {
        size_t larger = 0;
        for (size_t j = 0; j < count; j++)
            larger += segments[j].bufsz > segments[i].bufsz || (segments[j].bufsz == segments[i].bufsz && j < i);
        if (larger == rank)
            return i;
    }
    give_up("there is no segment of that rank");
}

static size_t segment_with_text(const struct kexec_segment* segments, size_t count, const char* text,
                                size_t* position) {
    for (size_t i = 0; i < count; i++) {
        const char* found = memmem(segments[i].buf, segments[i].bufsz, text, strlen(text));
        if (found) {
            *position = (size_t)(found - (const char*)segments[i].buf);
            return i;
        }
    }
    give_up("no segment holds that text");
}

static void flip(struct kexec_segment* segments, size_t count) {
    const char* text = getenv("FLIP_TEXT");
    size_t position = 0, chosen;
    if (text) {
        chosen = segment_with_text(segments, count, text, &position);
    } else {
        chosen = segment_of_rank(segments, count, (size_t)number_from("FLIP_RANK"));
        position = segments[chosen].bufsz / 2;
    }
    position += (size_t)number_from("FLIP_OFFSET");
    if (position >= segments[chosen].bufsz)
        give_up("the offset is outside the segment");
    unsigned char* copy = malloc(segments[chosen].bufsz);
    if (!copy)
        give_up("no memory");
    memcpy(copy, segments[chosen].buf, segments[chosen].bufsz);
    copy[position] ^= 1;
    segments[chosen].buf = copy;
    fprintf(stderr, "flip: byte %#zx of segment %zu of %zu, which has %#zx bytes\n", position, chosen, count,
            segments[chosen].bufsz);
}

long syscall(long number, ...) {
    static long (*next)(long, ...);
    long argument[6];
    va_list list;

    va_start(list, number);
    for (int i = 0; i < 6; i++)
        argument[i] = va_arg(list, long);
    va_end(list);
    if (!next)
        next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");

    struct kexec_segment segments[segment_max];
    size_t count = (size_t)argument[1];
    if (number == SYS_kexec_load && count > 0 && count <= segment_max) {
        memcpy(segments, (const void*)argument[2], count * sizeof(*segments));
        flip(segments, count);
        argument[2] = (long)segments;
    }
    return next(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
}
