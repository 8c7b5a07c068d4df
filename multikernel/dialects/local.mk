# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/dialects/libdialects.a
multikernel_dialects_libdialects_a_SOURCES = \
	multikernel/dialects/instance_reading.cc \
	multikernel/dialects/read_machine_resources.cc
