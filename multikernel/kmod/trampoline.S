/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Code for a CPU that comes out of INIT. It is data to this module: copies of
 * it run, at other addresses, on page tables of their own.
 */
#include <linux/linkage.h>
#include <asm/page_types.h>
#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "trampoline.h"

	.section .rodata, "a"

/*
 * Real mode, CS:IP = page:0. CR0 is written whole, which also clears the CD
 * and NW bits that INIT sets.
 */
	.balign 16
	.code16
SYM_DATA_START(mk_start16)
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	xorl	%ebp, %ebp
	movw	%ax, %bp
	shll	$4, %ebp
	lgdtl	mk_start16_gdt - mk_start16
	movl	$(X86_CR0_PE | X86_CR0_ET), %eax
	movl	%eax, %cr0
	ljmpl	*(mk_start16_far32 - mk_start16)

	.code32
SYM_INNER_LABEL(mk_start32, SYM_L_GLOBAL)
	movl	$MK_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$X86_CR4_PAE, %eax
	movl	%eax, %cr4
	movl	(mk_start16_cr3 - mk_start16)(%ebp), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	btsl	$_EFER_LME, %eax
	wrmsr
	movl	$(X86_CR0_PG | X86_CR0_NE | X86_CR0_ET | X86_CR0_PE), %eax
	movl	%eax, %cr0
	ljmpl	*(mk_start16_far64 - mk_start16)(%ebp)

	.balign 4
SYM_INNER_LABEL(mk_start16_gdt, SYM_L_GLOBAL)
	.word	0
	.long	0
SYM_INNER_LABEL(mk_start16_far32, SYM_L_GLOBAL)
	.long	0
	.word	MK_CODE32
SYM_INNER_LABEL(mk_start16_far64, SYM_L_GLOBAL)
	.long	0
	.word	MK_CODE64
	.balign 4
SYM_INNER_LABEL(mk_start16_cr3, SYM_L_GLOBAL)
	.long	0
SYM_DATA_END_LABEL(mk_start16, SYM_L_GLOBAL, mk_start16_end)

/*
 * 64-bit mode, at the start of a page, whose end is the stack. Once the
 * status is written, the page below 1 MiB is no longer needed.
 */
	.balign 16
	.code64
SYM_DATA_START(mk_start64)
.Lstart64:
	movl	$MK_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	%eax, %fs
	movl	%eax, %gs
	leaq	.Lstart64 + PAGE_SIZE(%rip), %rsp
	movq	.Lentry(%rip), %rax
	leaq	mk_start64_park(%rip), %rcx
	cmpq	%rcx, %rax
	je	mk_start64_park
	pushq	%rax
	movl	$MK_STATUS_ARRIVED, .Lstatus(%rip)
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	ret

/*
 * The entry for a CPU that has been stopped. Until the host takes it back it
 * waits here, and takes machine checks: one that is told to all CPUs resets the
 * machine where CR4.MCE is 0. The host's CPUs look after the error; here only
 * "in progress" is cleared. Nobody returns by what was pushed on the stack, so
 * all that wait share it.
 */
SYM_INNER_LABEL(mk_start64_park, SYM_L_GLOBAL)
	lidt	mk_start64_idt(%rip)
	movq	%cr4, %rax
	orq	$X86_CR4_MCE, %rax
	movq	%rax, %cr4
	movl	$MK_STATUS_ARRIVED, .Lstatus(%rip)
.Lwait:
	leaq	.Lstart64 + PAGE_SIZE(%rip), %rsp
1:	hlt
	jmp	1b

SYM_INNER_LABEL(mk_start64_machine_check, SYM_L_GLOBAL)
	movl	$MSR_IA32_MCG_STATUS, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	jmp	.Lwait

/* Further ones stay blocked, without an IRET, until the CPU is started. */
SYM_INNER_LABEL(mk_start64_nmi, SYM_L_GLOBAL)
	jmp	.Lwait

	.balign 4
SYM_INNER_LABEL(mk_start64_idt, SYM_L_GLOBAL)
	.word	0
	.quad	0

	.balign 8
SYM_INNER_LABEL(mk_start64_gdt, SYM_L_GLOBAL)
	.quad	0
	.quad	0x00cf9b000000ffff	/* MK_CODE32 */
	.quad	0x00af9b000000ffff	/* MK_CODE64 */
	.quad	0x00cf93000000ffff	/* MK_DATA */
SYM_INNER_LABEL(mk_start64_gdt_end, SYM_L_GLOBAL)
SYM_INNER_LABEL(mk_start64_entry, SYM_L_GLOBAL)
.Lentry:
	.quad	0
SYM_INNER_LABEL(mk_start64_status, SYM_L_GLOBAL)
.Lstatus:
	.long	0
SYM_DATA_END_LABEL(mk_start64, SYM_L_GLOBAL, mk_start64_end)
