/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kexec tells purgatory. The tool finds the symbol `handover` in the purgatory image, fills it, and purgatory
 * reads it after the old kernel is gone. Both are built from this header in one build, so the layout needs no
 * compatibility; `size` catches a purgatory that was built from another one.
 *
 * Every address is physical. Numbers are in the byte order of the machine that runs purgatory, which is also the
 * byte order that the tool writes: little endian on every architecture this header serves.
 */
#ifndef KEXEC_MK_HANDOVER_H
#define KEXEC_MK_HANDOVER_H

#include <stdint.h>

#define HANDOVER_MAGIC 0x4b4d4b5245564f48ull /* "HOVERKMK" */
#define HANDOVER_REGION_MAX 16               /* KEXEC_SEGMENT_MAX: one region a segment at most */
#define HANDOVER_NAME_SIZE 32

/* handover.flags */
#define HANDOVER_VERIFY 0x1u    /* compare the digests before the jump */
#define HANDOVER_SERIAL 0x2u    /* a failed comparison may be told on serial_base */
#define HANDOVER_VGA_TEXT 0x4u  /* ... and on the VGA text screen */
#define HANDOVER_RESET_VGA 0x8u /* bring a VGA adapter back to text mode 3 first */
#define HANDOVER_CHATTY 0x10u   /* say that purgatory was reached and that the digests match, too */
#define HANDOVER_BACKUP 0x20u   /* copy backup_size bytes from backup_source to backup_destination */

/* Bytes [address, address + size) must have this XXH3-128 digest (seed 0). */
struct handover_region {
    uint64_t address;
    uint64_t size;
    uint64_t digest_low;
    uint64_t digest_high;
    char name[HANDOVER_NAME_SIZE]; /* for the message; NUL terminated */
};

struct handover {
    uint64_t magic;
    uint32_t size; /* sizeof(struct handover) */
    uint32_t flags;
    uint64_t entry;       /* where the next kernel is entered */
    uint64_t argument;    /* x86: %rsi, the boot parameters; arm64: x0, riscv: a1, the device tree */
    uint64_t serial_base; /* x86: I/O port; arm64, riscv: address of the UART */
    uint32_t serial_baud; /* 0: leave the line as the old kernel set it */
    uint32_t region_count;
    uint64_t backup_source;
    uint64_t backup_destination;
    uint64_t backup_size;
    struct handover_region region[HANDOVER_REGION_MAX];
    uint64_t digest_low; /* XXH3-128 of all bytes of this block before here */
    uint64_t digest_high;
};

#endif
