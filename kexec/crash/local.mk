# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/crash/libcrash.a
kexec_crash_libcrash_a_SOURCES = \
	kexec/crash/elfcorehdr.cc kexec/crash/elfcorehdr.h \
	kexec/crash/facts.cc kexec/crash/facts.h \
	kexec/crash/kernel_mappings.cc kexec/crash/kernel_mappings.h \
	kexec/crash/memory_map.cc kexec/crash/memory_map.h \
	kexec/crash/plan.cc kexec/crash/plan.h
