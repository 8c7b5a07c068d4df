# SPDX-License-Identifier: GPL-2.0-or-later
noinst_LIBRARIES += multikernel/native/libnative.a
multikernel_native_libnative_a_SOURCES = \
	multikernel/native/changes.cc \
	multikernel/native/checks.cc multikernel/native/checks.h \
	multikernel/native/choice.cc multikernel/native/choice.h \
	multikernel/native/cpu_numbers.cc \
	multikernel/native/filesystem.cc multikernel/native/filesystem.h \
	multikernel/native/history.cc multikernel/native/history.h \
	multikernel/native/kernel.cc multikernel/native/kernel.h \
	multikernel/native/load.cc multikernel/native/load.h \
	multikernel/native/overlay.cc multikernel/native/overlay.h \
	multikernel/native/overlay_content.cc multikernel/native/overlay_content.h \
	multikernel/native/overlay_write.cc multikernel/native/overlay_write.h \
	multikernel/native/pool.cc \
	multikernel/native/pool_advice.cc multikernel/native/pool_advice.h \
	multikernel/native/pool_text.cc multikernel/native/pool_text.h \
	multikernel/native/pool_wish.cc \
	multikernel/native/record.cc multikernel/native/record.h \
	multikernel/native/refusals.cc multikernel/native/refusals.h \
	multikernel/native/transaction.cc multikernel/native/transaction.h \
	multikernel/native/trees.cc \
	multikernel/native/undo.cc multikernel/native/undo.h
