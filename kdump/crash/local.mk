# SPDX-License-Identifier: GPL-2.0-or-later
# What kexec -p needs.
noinst_LIBRARIES += kdump/crash/libcrash.a
kdump_crash_libcrash_a_SOURCES = \
	kdump/crash/crash_facts.h \
	kdump/crash/crash_plan.h \
	kdump/crash/elfcorehdr.h
