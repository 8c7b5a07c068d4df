# SPDX-License-Identifier: GPL-2.0-or-later
# What kexec -p needs.
noinst_LIBRARIES += kdump/crash/libcrash.a
kdump_crash_libcrash_a_SOURCES = \
	kdump/crash/crash_architecture.cc kdump/crash/crash_architecture.h \
	kdump/crash/crash_facts.cc kdump/crash/crash_facts.h \
	kdump/crash/crash_memory_map.cc kdump/crash/crash_memory_map.h \
	kdump/crash/crash_plan.cc kdump/crash/crash_plan.h \
	kdump/crash/elfcorehdr.cc kdump/crash/elfcorehdr.h \
	kdump/crash/kernel_mappings.cc kdump/crash/kernel_mappings.h
