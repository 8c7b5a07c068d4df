# SPDX-License-Identifier: GPL-2.0-or-later
if HAVE_CATCH2
check_PROGRAMS += tests/unit/unit
TESTS += tests/unit/unit
tests_unit_unit_SOURCES = \
	tests/golden/boot_params_text.cc tests/golden/boot_params_text.h \
	tests/golden/crash_golden_test.cc \
	tests/golden/crash_text.cc tests/golden/crash_text.h \
	tests/golden/golden_file.cc tests/golden/golden_file.h \
	tests/golden/golden_test.cc \
	tests/golden/handover_golden_test.cc \
	tests/golden/instance_golden_test.cc \
	tests/golden/placed_text.cc tests/golden/placed_text.h \
	tests/unit/catch.h \
	tests/unit/core/byte_view_test.cc \
	tests/unit/core/command_line_test.cc \
	tests/unit/core/file_test.cc \
	tests/unit/core/notices_test.cc \
	tests/unit/core/phys_range_test.cc \
	tests/unit/core/shown_test.cc \
	tests/unit/core/standard_files_test.cc \
	tests/unit/core/terminal_text_test.cc \
	tests/unit/core/wire_test.cc \
	tests/unit/crash/crash_facts_test.cc \
	tests/unit/crash/crash_machine.h \
	tests/unit/crash/crash_plan_test.cc \
	tests/unit/crash/elfcorehdr_test.cc \
	tests/unit/ctl/apply_test.cc \
	tests/unit/ctl/spawn_harm_test.cc \
	tests/unit/ctl/console_test.cc \
	tests/unit/ctl/desired_file_test.cc \
	tests/unit/dump/architecture_test.cc \
	tests/unit/dump/compressed_dump_test.cc \
	tests/unit/dump/crashed_kernel.h \
	tests/unit/dump/kdump_builder.h \
	tests/unit/dump/kernel_memory_test.cc \
	tests/unit/dump/opened_dump.h \
	tests/unit/dump/page_tables_test.cc \
	tests/unit/dump/vmcore_builder.h \
	tests/unit/dump/vmcore_test.cc \
	tests/unit/dump/vmcoreinfo_test.cc \
	tests/unit/handover/purgatory_test.cc \
	tests/unit/image/bzimage_builder.h \
	tests/unit/image/bzimage_test.cc \
	tests/unit/image/device_tree_builder.h \
	tests/unit/image/device_tree_test.cc \
	tests/unit/image/elf_builder.h \
	tests/unit/image/elf_test.cc \
	tests/unit/image/identify_test.cc \
	tests/unit/image/pack.cc tests/unit/image/pack.h \
	tests/unit/image/unpack_test.cc \
	tests/unit/image/vmlinux_test.cc
tests_unit_unit_SOURCES += \
	tests/unit/instances/dialect_safety_test.cc \
	tests/unit/instances/definition_load_test.cc \
	tests/unit/instances/fake_module.h \
	tests/unit/instances/fake_multikernel.cc tests/unit/instances/fake_multikernel.h \
	tests/unit/instances/fake_multikernel_files.cc tests/unit/instances/fake_multikernel_test.cc \
	tests/unit/instances/fake_overlays.cc \
	tests/unit/instances/handover_test.cc \
	tests/unit/instances/instance_pool_test.cc \
	tests/unit/instances/instance_verbs_test.cc \
	tests/unit/instances/machine4.h \
	tests/unit/instances/named_instances_test.cc \
	tests/unit/instances/multikernel_machine.h \
	tests/unit/instances/spawn_harm_test.cc \
	tests/unit/instances/spawn_verbs_test.cc \
	tests/unit/instances/v1_verbs_test.cc \
	tests/unit/ctl/ctl_machine.h \
	tests/unit/ctl/ctl_module_test.cc \
	tests/unit/ctl/ctl_spawn_test.cc \
	tests/unit/load/crash_load_test.cc tests/unit/load/load_test.cc \
	tests/unit/loader/boot_params_fields_test.cc \
	tests/unit/loader/chosen_handover_test.cc \
	tests/unit/machine/capabilities_test.cc \
	tests/unit/machine/capture_test.cc \
	tests/unit/machine/fixtures_test.cc \
	tests/unit/machine/machine_test.cc \
	tests/unit/machine/memory_blocks_test.cc \
	tests/unit/machine/memory_files.h \
	tests/unit/machine/memory_map_test.cc \
	tests/unit/machine/system_files_test.cc \
	tests/unit/multikernel/acpi_tables_test.cc \
	tests/unit/multikernel/captured_states_test.cc \
	tests/unit/multikernel/cpu_choice_test.cc \
	tests/unit/multikernel/cpu_list_test.cc \
	tests/unit/multikernel/definition_test.cc \
	tests/unit/multikernel/facts_test.cc \
	tests/unit/multikernel/handover_tree_test.cc \
	tests/unit/multikernel/filesystem_test.cc \
	tests/unit/multikernel/instance_test.cc \
	tests/unit/multikernel/kimage_test.cc \
	tests/unit/multikernel/lock_test.cc \
	tests/unit/multikernel/memory_choice_test.cc \
	tests/unit/multikernel/memory_pool_test.cc \
	tests/unit/multikernel/overlay_test.cc \
	tests/unit/multikernel/record_test.cc \
	tests/unit/multikernel/serial_ports_test.cc \
	tests/unit/multikernel/desired_plan_test.cc \
	tests/unit/multikernel/validation_test.cc \
	tests/unit/multikernel/spawn_history_test.cc \
	tests/unit/multikernel/spawn_machine.h \
	tests/unit/multikernel/spawn_pool_test.cc \
	tests/unit/multikernel/transaction_test.cc \
	tests/unit/plan/placement_test.cc \
	tests/unit/purgatory/image_test.cc \
	tests/unit/purgatory/memory_renamed.c \
	tests/unit/purgatory/memory_test.cc \
	tests/unit/purgatory/prepare_test.cc \
	tests/unit/save/failing_sink.h \
	tests/unit/save/page_filter_test.cc \
	tests/unit/save/page_layout_test.cc \
	tests/unit/save/page_set_test.cc \
	tests/unit/save/paged_kernel.h \
	tests/unit/save/save_order_test.cc \
	tests/unit/save/save_test.cc \
	tests/unit/system/errno_text_test.cc \
	tests/unit/system/fake_kernel.h \
	tests/unit/system/fake_kernel_test.cc \
	tests/unit/system/links_test.cc \
	tests/unit/system/network_test.cc \
	tests/unit/temporary_folder.h \
	$(PURGATORY_PORTABLE)
# The log of a dump, and what kdump prints.
tests_unit_unit_SOURCES += \
	tests/unit/dump/kernel_log_test.cc \
	tests/unit/dump/log_builder.h \
	tests/unit/dump/log_text_test.cc \
	tests/unit/dump/panic_message_test.cc
if CATCH2_IS_V2
tests_unit_unit_SOURCES += tests/unit/main.cc
endif
tests_unit_unit_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests -I$(srcdir)/tests/unit $(CATCH2_CFLAGS) \
	-DTEST_SOURCE='"$(abs_srcdir)"'
tests_unit_unit_LDADD = kdump/crash/libcrash.a kdump/program/libprogram.a kdump/save/libsave.a \
	kdump/dump/libdump.a multikernel/ctl/libmultikernelctl.a kexec/libkexec.a $(KEXEC_LIBS) \
	-lutil $(KDUMP_LIBS) $(XXHASH_LIBS) $(CATCH2_LIBS)
endif

TESTS += tests/layers.sh
EXTRA_DIST += tests/golden/crash
EXTRA_DIST += tests/layers.sh tests/layers.txt tests/tally.py tests/fixtures tests/golden/plans tests/golden/acpi tests/golden/handover
EXTRA_DIST += tests/purgatory/elf.py tests/purgatory/handover.py tests/purgatory/machine.py \
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
	tests/cli/test_explained.py tests/cli/test_fake.py tests/cli/test_handover.py tests/cli/test_machine_facts.py \
	tests/cli/test_manpage.py tests/cli/test_robust.py tests/cli/test_start_notes.py \
	tests/cli/test_multikernel.py tests/cli/test_multikernel_kernel.py \
	tests/cli/test_multikernelctl_doc.py \
	tests/cli/test_multikernelctl.py
EXTRA_DIST += tests/cli/test_kdump.py tests/cli/test_kdump_save.py tests/cli/test_vmcore_dmesg.py tests/cli/vmcores.py
include tests/fuzz/local.mk
