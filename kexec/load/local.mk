# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/load/libload.a
kexec_load_libload_a_SOURCES = \
	kexec/load/crash_report.cc kexec/load/crash_report.h \
	kexec/load/inputs.cc kexec/load/inputs.h \
	kexec/load/placed_load.cc kexec/load/placed_load.h \
	kexec/load/report.cc kexec/load/report.h
