# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/arch/libarch.a
kexec_arch_libarch_a_SOURCES = \
	kexec/arch/architecture.cc kexec/arch/architecture.h \
	kexec/arch/arm64.cc \
	kexec/arch/riscv64.cc \
	kexec/arch/x86_64.cc
