# SPDX-License-Identifier: GPL-2.0-or-later
# Writing dumps.
noinst_LIBRARIES += kdump/save/libsave.a
kdump_save_libsave_a_SOURCES = \
	kdump/save/save.h
