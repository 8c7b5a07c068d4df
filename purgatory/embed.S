/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The purgatories that were built, as bytes of the program; declared in purgatory.h. */
    .section .rodata.purgatory, "a"

    .globl purgatory_x86_64_begin
    .globl purgatory_x86_64_end
    .balign 64
purgatory_x86_64_begin:
#ifdef PURGATORY_X86_64
    .incbin PURGATORY_X86_64
#endif
purgatory_x86_64_end:
    .byte 0

    .section .note.GNU-stack, "", %progbits
