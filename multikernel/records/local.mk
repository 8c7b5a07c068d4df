# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/records/librecords.a
multikernel_records_librecords_a_SOURCES = \
	multikernel/records/definition.cc multikernel/records/definition.h \
	multikernel/records/handed_page.cc multikernel/records/handed_page.h \
	multikernel/records/known_cpus.cc multikernel/records/known_cpus.h \
	multikernel/records/lock.cc multikernel/records/lock.h \
	multikernel/records/pool_record.cc multikernel/records/pool_record.h \
	multikernel/records/record.cc multikernel/records/record.h \
	multikernel/records/record_text.cc multikernel/records/record_text.h \
	multikernel/records/run_folder.cc multikernel/records/run_folder.h
