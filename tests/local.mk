# SPDX-License-Identifier: GPL-2.0-or-later
include tests/unit/local.mk

TESTS += tests/layers.sh tests/circles.sh
EXTRA_DIST += tests/golden/crash
EXTRA_DIST += tests/layers.sh tests/circles.sh tests/layers.txt tests/tally.py tests/fixtures tests/golden/plans tests/golden/acpi tests/golden/handover
EXTRA_DIST += tests/purgatory/elf.py tests/purgatory/purgatory_block.py tests/purgatory/machine.py \
	tests/purgatory/stage.S tests/purgatory/test_purgatory.py
include tests/bench/local.mk
include tests/vm/local.mk
AM_TESTS_ENVIRONMENT = export srcdir='$(srcdir)';

EXTRA_DIST += tests/fake/README.md tests/fake/fake.h tests/fake/fake_files.c \
	tests/fake/fake_instances.c tests/fake/fake_syscalls.c tests/fake/preload.py \
	tests/cli/conftest.py tests/cli/crash_image.py tests/cli/images.py tests/cli/machine_tree.py tests/cli/test_acpi_tables.py tests/cli/test_check.py tests/cli/test_terminal.py tests/cli/test_crash_image.py tests/cli/test_crash_peer.py \
	tests/cli/callers.json tests/cli/callers.md tests/cli/callers_differences.py tests/cli/callers_runner.py \
	tests/cli/option_table.c tests/cli/test_abbreviations.py tests/cli/test_callers.py \
	tests/cli/test_ctl_dump_output.py tests/cli/test_dump_limits.py \
	tests/cli/test_kdump_save_ends.py tests/cli/test_kdump_segments.py \
	tests/cli/test_advice.py tests/cli/test_advice_is_tried.py tests/cli/test_crash.py tests/cli/test_dropin.py \
	tests/cli/test_dump_messages.py \
	tests/cli/test_explained.py tests/cli/test_fake.py tests/cli/test_handover.py tests/cli/test_kho.py tests/cli/test_machine_facts.py \
	tests/cli/test_manpage.py tests/cli/test_robust.py tests/cli/test_start_notes.py \
	tests/cli/test_multikernel.py tests/cli/test_multikernel_kernel.py \
	tests/cli/test_multikernelctl_doc.py \
	tests/cli/test_multikernelctl.py
EXTRA_DIST += tests/cli/test_kdump.py tests/cli/test_kdump_save.py tests/cli/test_vmcore_dmesg.py tests/cli/vmcores.py
include tests/fuzz/local.mk
