# SPDX-License-Identifier: GPL-2.0-or-later
# What kexec -p needs.
noinst_LIBRARIES += kdump/crash/libcrash.a
kdump_crash_libcrash_a_SOURCES = \
	kexec/crash/architecture.cc kexec/crash/architecture.h \
	kexec/crash/facts.cc kexec/crash/facts.h \
	kexec/crash/memory_map.cc kexec/crash/memory_map.h \
	kexec/crash/plan.cc kexec/crash/plan.h \
	kexec/crash/elfcorehdr.cc kexec/crash/elfcorehdr.h \
	kexec/crash/kernel_mappings.cc kexec/crash/kernel_mappings.h
