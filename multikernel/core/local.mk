# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/core/libcore.a
multikernel_core_libcore_a_SOURCES = \
	multikernel/core/control.h \
	multikernel/core/cpu_list.cc multikernel/core/cpu_list.h \
	multikernel/core/free_id.h \
	multikernel/core/isolation.h \
	multikernel/core/kimage.cc multikernel/core/kimage.h \
	multikernel/core/names.cc multikernel/core/names.h \
	multikernel/core/memory_wish.cc multikernel/core/memory_wish.h \
	multikernel/core/requests.cc multikernel/core/requests.h \
	multikernel/core/wish.h
