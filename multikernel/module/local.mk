# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/module/libmodule.a
multikernel_module_libmodule_a_SOURCES = \
	multikernel/module/choice.cc multikernel/module/choice.h \
	multikernel/module/defined.cc multikernel/module/defined.h \
	multikernel/module/facts.cc multikernel/module/facts.h \
	multikernel/module/host_cpus.cc multikernel/module/host_cpus.h \
	multikernel/module/load.cc multikernel/module/load.h \
	multikernel/module/pool.cc multikernel/module/pool.h \
	multikernel/module/pool_candidates.cc \
	multikernel/module/pool_changes.cc \
	multikernel/module/pool_wish.cc \
	multikernel/module/refusals.cc multikernel/module/refusals.h
