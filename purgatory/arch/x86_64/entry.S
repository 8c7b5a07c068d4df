/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the old kernel: long mode, interrupts off, memory mapped one to one, CR4 = PAE (and LA57). Its stack, its
 * descriptor tables and what its segment registers refer to are not ours and may be overwritten already.
 * To the next kernel by the 64-bit entry of the Linux x86 boot protocol: flat segments, CS 0x10 and DS, ES, SS 0x18,
 * interrupts off, %rsi = boot parameters.
 */
#define BOOT_CS 0x10
#define BOOT_DS 0x18

#define CR0_MP (1 << 1)
#define CR0_EM (1 << 2)
#define CR0_TS (1 << 3)
#define CR4_OSFXSR (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)

/* offsetof in struct purgatory_block; machine.c checks them. */
#define BLOCK_ENTRY 16
#define BLOCK_RSI 32

    .file "entry.S"
    .code64
    .section .text.start, "ax", @progbits
    .globl purgatory_start
    .hidden purgatory_start
    .type purgatory_start, @function
purgatory_start:
    cli
    leaq    stack_end(%rip), %rsp
    pushq   $0
    popfq

    leaq    gdt(%rip), %rax
    pushq   %rax
    pushw   $(gdt_end - gdt - 1)
    lgdt    (%rsp)
    leaq    stack_end(%rip), %rsp
    movl    $BOOT_DS, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    movl    %eax, %fs
    movl    %eax, %gs
    leaq    1f(%rip), %rax
    pushq   $BOOT_CS
    pushq   %rax
    lretq
1:
    movq    %cr0, %rbx
    movq    %rbx, %rax
    andq    $~(CR0_EM | CR0_TS), %rax
    orq     $CR0_MP, %rax
    movq    %rax, %cr0
    movq    %cr4, %rbp
    movq    %rbp, %rax
    orq     $(CR4_OSFXSR | CR4_OSXMMEXCPT), %rax
    movq    %rax, %cr4

    leaq    purgatory_block(%rip), %rdi
    call    prepare_next_kernel
    testb   %al, %al
    jz      halt

    movq    %rbp, %cr4
    movq    %rbx, %cr0
    movq    purgatory_block + BLOCK_RSI(%rip), %rsi
    xorl    %eax, %eax
    xorl    %ebx, %ebx
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    xorl    %edi, %edi
    xorl    %ebp, %ebp
    xorl    %r8d, %r8d
    xorl    %r9d, %r9d
    xorl    %r10d, %r10d
    xorl    %r11d, %r11d
    xorl    %r12d, %r12d
    xorl    %r13d, %r13d
    xorl    %r14d, %r14d
    xorl    %r15d, %r15d
    jmpq    *purgatory_block + BLOCK_ENTRY(%rip)

halt:
    cli
    hlt
    jmp     halt
    .size purgatory_start, . - purgatory_start

    /* Flat, present, ring 0, already marked as accessed: selector 0x10 is 64-bit code, 0x18 is data. */
    .section .rodata.gdt, "a", @progbits
    .balign 8
gdt:
    .quad 0
    .quad 0
    .quad 0x00af9b000000ffff
    .quad 0x00cf93000000ffff
gdt_end:

    .section .bss.stack, "aw", @nobits
    .balign 16
    .skip 8192
stack_end:

    .section .note.GNU-stack, "", @progbits
