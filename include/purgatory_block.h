/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kexec tells purgatory. The tool finds the symbol `purgatory_block` in the purgatory image, fills it, and
 * purgatory reads it after the old kernel is gone. Both are built from this header in one build, so the layout needs no
 * compatibility; `size` catches a purgatory that was built from another one.
 *
 * Every address is physical. Numbers are in the byte order of the machine that runs purgatory, which is also the
 * byte order that the tool writes: little endian on every architecture this header serves.
 */
#ifndef KEXEC_MK_PURGATORY_BLOCK_H
#define KEXEC_MK_PURGATORY_BLOCK_H

#include <stdint.h>

#define PURGATORY_MAGIC 0x4b4d4b5245564f48ull /* "HOVERKMK" */
#define PURGATORY_REGION_MAX 16               /* KEXEC_SEGMENT_MAX: one region a segment at most */
#define PURGATORY_NAME_SIZE 32
#define PURGATORY_REGISTER_MAX 4

/* purgatory_block.entry_mode, and which registers are set in it. A purgatory knows those of its machine, or some. */
#define PURGATORY_ENTER_X86_64BIT 1u /* long mode, memory mapped one to one: rsi */
#define PURGATORY_ENTER_X86_32BIT 2u /* protected mode without paging */
#define PURGATORY_ENTER_X86_16BIT 3u /* real mode */
#define PURGATORY_ENTER_ARM64 4u     /* the exception level that it is in, MMU off */
#define PURGATORY_ENTER_RISCV 5u     /* supervisor mode, MMU off */

/* purgatory_block.flags */
#define PURGATORY_VERIFY 0x1u    /* compare the digests before the jump */
#define PURGATORY_SERIAL 0x2u    /* a failed comparison may be told on serial_base */
#define PURGATORY_VGA_TEXT 0x4u  /* ... and on the VGA text screen */
#define PURGATORY_RESET_VGA 0x8u /* bring a VGA adapter back to text mode 3 first */
#define PURGATORY_CHATTY 0x10u   /* say that purgatory was reached and that the digests match, too */
#define PURGATORY_BACKUP 0x20u   /* copy backup_size bytes from backup_source to backup_destination */

/* Bytes [address, address + size) must have this XXH3-128 digest (seed 0). */
struct purgatory_region {
    uint64_t address;
    uint64_t size;
    uint64_t digest_low;
    uint64_t digest_high;
    char name[PURGATORY_NAME_SIZE]; /* for the message; NUL terminated */
};

struct purgatory_block {
    uint64_t magic;
    uint32_t size; /* sizeof(struct purgatory_block) */
    uint32_t flags;
    uint64_t entry;      /* where the next kernel is entered */
    uint32_t entry_mode; /* PURGATORY_ENTER_... */
    uint32_t register_count;
    uint64_t registers[PURGATORY_REGISTER_MAX]; /* what the kernel finds in those of its mode; the others are zero */
    uint64_t serial_base;                       /* x86: I/O port; arm64, riscv: address of the UART */
    uint32_t serial_baud;                       /* 0: leave the line as the old kernel set it */
    uint32_t region_count;
    uint64_t backup_source;
    uint64_t backup_destination;
    uint64_t backup_size;
    struct purgatory_region region[PURGATORY_REGION_MAX];
    uint64_t digest_low; /* XXH3-128 of all bytes of this block before here */
    uint64_t digest_high;
};

#endif
