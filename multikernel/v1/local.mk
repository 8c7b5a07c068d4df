# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/v1/libv1.a
multikernel_v1_libv1_a_SOURCES = \
	multikernel/v1/load.cc multikernel/v1/load.h \
	multikernel/v1/record.cc multikernel/v1/record.h \
	multikernel/v1/refusals.cc multikernel/v1/refusals.h \
	multikernel/v1/verbs.cc multikernel/v1/verbs.h
