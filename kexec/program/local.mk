# SPDX-License-Identifier: GPL-2.0-or-later
# All but the main functions is in the library: tests link it.
noinst_LIBRARIES += kexec/program/libkexec.a
kexec_program_libkexec_a_SOURCES = \
	kexec/program/abbreviations.cc kexec/program/abbreviations.h \
	kexec/program/check.cc \
	kexec/program/check_crash.cc kexec/program/check_crash.h \
	kexec/program/chosen_dialect.cc kexec/program/chosen_dialect.h \
	kexec/program/crash_load.cc kexec/program/crash_load.h \
	kexec/program/foreign_options.cc \
	kexec/program/foreseen.cc kexec/program/foreseen.h \
	kexec/program/instance_pool.cc \
	kexec/program/instance_status.cc kexec/program/instance_status.h \
	kexec/program/instance_verbs.cc kexec/program/instance_verbs.h \
	kexec/program/kho.cc kexec/program/kho_text.cc \
	kexec/program/kho_view.cc kexec/program/kho_view.h \
	kexec/program/load.cc kexec/program/load.h \
	kexec/program/load_wishes.cc kexec/program/load_wishes.h \
	kexec/program/multikernel_options.cc \
	kexec/program/option_rows.h \
	kexec/program/options.cc kexec/program/options.h \
	kexec/program/session.cc kexec/program/session.h \
	kexec/program/show_handed.cc \
	kexec/program/verbs.cc kexec/program/verbs.h \
	kexec/program/ways_to_load.cc kexec/program/ways_to_load.h

KEXEC_LIBS = $(UNPACK_LIBS) $(FDT_LIBS)
kexec_libs = $(KX_GROUP) kexec/program/libkexec.a $(MULTIKERNEL_ARCHIVES) kexec/cli/libcli.a $(KEXEC_ARCHIVES) $(KX_GROUP_END) $(KEXEC_LIBS)

sbin_PROGRAMS += kexec/kexec
kexec_kexec_SOURCES = kexec/program/main.cc
kexec_kexec_LDADD = $(kexec_libs)

if STATIC_KEXEC
noinst_PROGRAMS += kexec/kexec-static
kexec_kexec_static_SOURCES = $(kexec_kexec_SOURCES)
kexec_kexec_static_LDADD = $(kexec_libs)
kexec_kexec_static_LDFLAGS = $(AM_LDFLAGS) -static
endif
