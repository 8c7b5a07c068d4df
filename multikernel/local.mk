# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/libmultikernel.a
multikernel_libmultikernel_a_SOURCES = \
	multikernel/acpi_tables.cc multikernel/acpi_tables.h \
	multikernel/added_parameters.cc \
	multikernel/aml.cc multikernel/aml.h \
	multikernel/cpu_list.h \
	multikernel/facts.h \
	multikernel/instance.cc multikernel/instance.h \
	multikernel/memory_pool.h \
	multikernel/record.h
