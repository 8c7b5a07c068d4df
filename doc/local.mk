# SPDX-License-Identifier: GPL-2.0-or-later
dist_man_MANS += doc/kdump.8 doc/kexec.8 doc/multikernelctl.8 doc/vmcore-dmesg.8
dist_examples_SCRIPTS = doc/examples/make-kdump-image
examplesdir = $(docdir)/examples
EXTRA_DIST += \
	doc/adding-a-dialect.md \
	doc/adding-a-format.md \
	doc/adding-an-architecture.md \
	doc/architecture.md \
	doc/boot-params.md \
	doc/crash-kernel.md \
	doc/differences.md \
	doc/dumps.md \
	doc/handover.md \
	doc/multikernel-abi.md \
	doc/multikernel-debug.md \
	doc/multikernel-dialects.md \
	doc/multikernelctl.md \
	doc/multikernel.md \
	doc/plan-json.md \
	doc/decisions/0001-errors-as-values.md \
	doc/decisions/0002-xxh3-digest.md \
	doc/decisions/0003-mapped-files-and-sigbus.md \
	doc/decisions/0004-fmt-compiled-in.md \
	doc/decisions/0005-kexec-file-load-first.md \
	doc/decisions/0006-purgatory-without-relocations.md \
	doc/decisions/0007-instances-on-a-stock-kernel.md \
	doc/decisions/0008-every-multikernel-kernel.md \
	doc/decisions/0009-reading-dumps.md \
	doc/decisions/0010-size-and-speed.md \
	doc/decisions/0011-writing-dumps.md \
	doc/decisions/0012-what-a-crash-kernel-is-told.md \
	doc/decisions/0013-the-house.md
