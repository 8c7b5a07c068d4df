// SPDX-License-Identifier: GPL-2.0-or-later
// The smallest second kernel: says on COM2 which CPU it runs on and how it was entered, and halts. Runs where it lies.
// Whoever loads it may put the address of its low memory at offset 8: as its last act it leaves there the word that
// ends the real-mode code of a Linux kernel.
#define COM2 0x2f8
#define REALMODE_SIGNATURE 0x65a22c82

    .code64
    .globl _start
_start:
    jmp begin
    .balign 8
low_memory:
    .quad 0
begin:
    // Everything that the contract promises to be 0, or'ed together; the stack pointer apart.
    orq %rbx, %rax
    orq %rcx, %rax
    orq %rdx, %rax
    orq %rsi, %rax
    orq %rdi, %rax
    orq %rbp, %rax
    orq %r8, %rax
    orq %r9, %rax
    orq %r10, %rax
    orq %r11, %rax
    orq %r12, %rax
    orq %r13, %rax
    orq %r14, %rax
    orq %r15, %rax
    movq %rax, %r15

    movl $1, %eax
    cpuid
    shrl $24, %ebx
    movl %ebx, %r14d

    leaq up(%rip), %rsi
    call print
    movq %r14, %rdi
    call print_hex
    leaq registers(%rip), %rsi
    call print
    movq %r15, %rdi
    call print_hex
    leaq control(%rip), %rsi
    call print
    movq %cr0, %rdi
    call print_hex
    leaq paging(%rip), %rsi
    call print
    movq %cr4, %rdi
    call print_hex
    leaq flags(%rip), %rsi
    call print
    pushfq
    popq %rdi
    andq $0x200, %rdi
    call print_hex
    leaq newline(%rip), %rsi
    call print
    movq low_memory(%rip), %rdi
    testq %rdi, %rdi
    jz stop
    movl $REALMODE_SIGNATURE, 0x1000(%rdi)
stop:
    cli
    hlt
    jmp stop

// %rdi as 16 digits.
print_hex:
    movl $16, %ecx
1:  rolq $4, %rdi
    movl %edi, %eax
    andl $15, %eax
    leaq digits(%rip), %rbx
    movb (%rbx, %rax), %al
    call put
    decl %ecx
    jnz 1b
    ret

// The text at %rsi.
print:
    lodsb
    testb %al, %al
    jz 1f
    call put
    jmp print
1:  ret

put:
    movb %al, %bl
    movl $(COM2 + 5), %edx
1:  inb %dx, %al
    testb $0x20, %al
    jz 1b
    movl $COM2, %edx
    movb %bl, %al
    outb %al, %dx
    ret

up:        .asciz "PAYLOAD-UP apic="
registers: .asciz " registers="
control:   .asciz " cr0="
paging:    .asciz " cr4="
flags:     .asciz " interrupts="
newline:   .asciz "\n"
digits:    .ascii "0123456789abcdef"
