/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stand-in for the old kernel, started by `qemu -kernel` through its PVH note: 32-bit, flat, paging off. It maps the
 * first 8 GiB one to one, enters long mode and jumps to purgatory with the processor as a kernel may leave it at worst:
 * every register full of rubbish, no stack, direction flag set, descriptor tables overwritten, floating point off.
 *
 * The test puts at PARAMETERS: quad, purgatory's entry; quad, nonzero to leave the VGA adapter in a graphics mode.
 * The next kernel is the `hlt` at next_kernel, where the test reads the registers from QEMU.
 */
#define PARAMETERS 0x180000
#define TABLES 0x300000
#define CR0_AT_EXIT 0x8000003d /* PG NE ET TS EM PE */
#define RUBBISH 0xdeadbeefdeadbeef

    .section .note.pvh, "a", @note
    .balign 4
    .long 4, 4, 18
    .asciz "Xen"
    .long start

    .text
    .code32
    .globl start
start:
    cli
    cld
    movl    $TABLES, %edi
    xorl    %eax, %eax
    movl    $(10 * 1024), %ecx
    rep stosl

    movl    $(TABLES + 0x1003), TABLES
    movl    $TABLES + 0x1000, %edi
    movl    $(TABLES + 0x2003), %eax
    movl    $8, %ecx
1:  movl    %eax, (%edi)
    addl    $8, %edi
    addl    $0x1000, %eax
    loop    1b

    movl    $TABLES + 0x2000, %edi
    movl    $0x83, %eax
    xorl    %edx, %edx
    movl    $(8 * 512), %ecx
1:  movl    %eax, (%edi)
    movl    %edx, 4(%edi)
    addl    $8, %edi
    addl    $0x200000, %eax
    adcl    $0, %edx
    loop    1b

    movl    $0x20, %eax
    movl    %eax, %cr4
    movl    $TABLES, %eax
    movl    %eax, %cr3
    movl    $0xc0000080, %ecx
    rdmsr
    orl     $0x100, %eax
    wrmsr
    movl    %cr0, %eax
    orl     $0x80000000, %eax
    movl    %eax, %cr0
    lgdt    gdt_pointer
    ljmp    $8, $long_mode

    .code64
long_mode:
    movl    $16, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    movl    %eax, %fs
    movl    %eax, %gs
    cmpq    $0, PARAMETERS + 8
    je      2f
    movw    $0x3ce, %dx
    movw    $0x0506, %ax        /* graphics mode, memory at 0xa0000 */
    outw    %ax, %dx
    movw    $0x4005, %ax        /* 256 colours */
    outw    %ax, %dx
    movw    $0x3c4, %dx
    movw    $0x0e04, %ax        /* planes chained */
    outw    %ax, %dx
    movw    $0x3d4, %dx
    movw    $0x2001, %ax        /* 33 characters wide */
    outw    %ax, %dx
2:
    movl    $0xdead, gdt + 8
    movl    $0xdead, gdt + 16
    movl    $CR0_AT_EXIT, %eax
    movq    %rax, %cr0
    movabsq $RUBBISH, %rax
    movq    %rax, %rbx
    movq    %rax, %rcx
    movq    %rax, %rdx
    movq    %rax, %rsi
    movq    %rax, %rdi
    movq    %rax, %rbp
    movq    %rax, %rsp
    movq    %rax, %r8
    movq    %rax, %r9
    movq    %rax, %r10
    movq    %rax, %r11
    movq    %rax, %r12
    movq    %rax, %r13
    movq    %rax, %r14
    movq    %rax, %r15
    std
    jmpq    *PARAMETERS

    .globl next_kernel
next_kernel:
    hlt
    jmp     next_kernel

    .data
    .balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
gdt_pointer:
    .word . - gdt - 1
    .long gdt

    .section .note.GNU-stack, "", @progbits
