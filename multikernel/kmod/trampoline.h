/* SPDX-License-Identifier: GPL-2.0 */
/* The way of a CPU from real mode into an image. */
#ifndef MULTIKERNEL_TRAMPOLINE_H
#define MULTIKERNEL_TRAMPOLINE_H

#define MK_CODE32 0x08
#define MK_CODE64 0x10
#define MK_DATA 0x18

#define MK_STATUS_ARRIVED 3

/* In the page of mk_start64, behind the code: where a parked CPU goes. */
#define MK_IDT_OFFSET 0x800

#ifndef __ASSEMBLY__
#include <linux/types.h>

/*
 * 16-bit and 32-bit code, copied to a page below 1 MiB; then 64-bit code,
 * copied to a page of the host below 4 GiB. The words are filled in the copies.
 */
extern const u8 mk_start16[], mk_start16_end[];
extern const u8 mk_start16_gdt[];	/* u16 limit, u32 base */
extern const u8 mk_start16_far32[];	/* u32 offset, u16 selector */
extern const u8 mk_start16_far64[];	/* u32 offset, u16 selector */
extern const u8 mk_start16_cr3[];	/* u32 */
extern const u8 mk_start32[];

extern const u8 mk_start64[], mk_start64_end[];
extern const u8 mk_start64_gdt[], mk_start64_gdt_end[];
extern const u8 mk_start64_park[];
extern const u8 mk_start64_machine_check[], mk_start64_nmi[];
extern const u8 mk_start64_idt[];	/* u16 limit, u64 base */
extern const u8 mk_start64_entry[];	/* u64 */
extern const u8 mk_start64_status[];	/* u32, written by the CPU */
#endif

#endif
