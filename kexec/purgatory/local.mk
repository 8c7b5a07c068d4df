# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += kexec/purgatory/libpurgatory.a
kexec_purgatory_libpurgatory_a_SOURCES = \
	kexec/purgatory/digests.cc kexec/purgatory/digests.h \
	kexec/purgatory/fill.cc kexec/purgatory/fill.h
