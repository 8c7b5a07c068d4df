# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/placed/libplaced.a
multikernel_placed_libplaced_a_SOURCES = \
	multikernel/placed/device_tree_file.cc multikernel/placed/device_tree_file.h \
	multikernel/placed/handed.cc multikernel/placed/handed.h \
	multikernel/placed/handed_tree.cc multikernel/placed/handed_tree.h \
	multikernel/placed/load.cc multikernel/placed/load.h \
	multikernel/placed/load_record.cc multikernel/placed/load_record.h \
	multikernel/placed/memory_choice.cc multikernel/placed/memory_choice.h \
	multikernel/placed/memory_pool.cc multikernel/placed/memory_pool.h \
	multikernel/placed/own_machine.cc multikernel/placed/own_machine.h \
	multikernel/placed/share.cc multikernel/placed/share.h \
	multikernel/placed/x86_64/acpi_tables.cc multikernel/placed/x86_64/acpi_tables.h \
	multikernel/placed/x86_64/aml.cc multikernel/placed/x86_64/aml.h \
	multikernel/placed/x86_64/parameters.cc \
	multikernel/placed/x86_64/serial_ports.cc multikernel/placed/x86_64/serial_ports.h
