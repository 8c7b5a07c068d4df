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
	tests/unit/kexec/core/byte_view_test.cc \
	tests/unit/kexec/core/command_line_test.cc \
	tests/unit/kexec/core/file_test.cc \
	tests/unit/kexec/core/notices_test.cc \
	tests/unit/kexec/core/phys_range_test.cc \
	tests/unit/kexec/core/shown_test.cc \
	tests/unit/kexec/cli/standard_files_test.cc \
	tests/unit/kexec/core/terminal_text_test.cc \
	tests/unit/kexec/core/wire_test.cc \
	tests/unit/kexec/crash/facts_test.cc \
	tests/unit/kexec/crash/crash_machine.h \
	tests/unit/kexec/crash/plan_test.cc \
	tests/unit/kexec/crash/elfcorehdr_test.cc \
	tests/unit/multikernel/ctl/apply_test.cc \
	tests/unit/multikernel/ctl/native_harm_test.cc \
	tests/unit/multikernel/ctl/commands/console_test.cc \
	tests/unit/multikernel/desired/file_test.cc \
	tests/unit/kdump/dump/architecture_test.cc \
	tests/unit/kdump/dump/compressed_dump_test.cc \
	tests/unit/kdump/kernel/crashed_kernel.h \
	tests/unit/kdump/dump/kdump_builder.h \
	tests/unit/kdump/kernel/memory_test.cc \
	tests/unit/kdump/dump/opened_dump.h \
	tests/unit/kdump/kernel/page_tables_test.cc \
	tests/unit/kdump/dump/vmcore_builder.h \
	tests/unit/kdump/dump/vmcore_test.cc \
	tests/unit/kdump/dump/vmcoreinfo_test.cc \
	tests/unit/kexec/purgatory/fill_test.cc \
	tests/unit/kexec/image/bzimage_builder.h \
	tests/unit/kexec/image/bzimage_test.cc \
	tests/unit/kexec/image/device_tree/device_tree_builder.h \
	tests/unit/kexec/image/device_tree/device_tree_test.cc \
	tests/unit/kexec/image/elf_builder.h \
	tests/unit/kexec/image/elf_test.cc \
	tests/unit/kexec/image/identify_test.cc \
	tests/unit/kexec/image/unpack/pack.cc tests/unit/kexec/image/unpack/pack.h \
	tests/unit/kexec/image/unpack/unpack_test.cc \
	tests/unit/kexec/image/vmlinux_test.cc
tests_unit_unit_SOURCES += \
	tests/unit/multikernel/dialects/dialect_safety_test.cc \
	tests/unit/multikernel/module/definition_load_test.cc \
	tests/unit/multikernel/module/fake_module.h \
	tests/unit/multikernel/native/fake_multikernel.cc tests/unit/multikernel/native/fake_multikernel.h \
	tests/unit/multikernel/native/fake_multikernel_files.cc tests/unit/multikernel/native/fake_multikernel_test.cc \
	tests/unit/multikernel/native/fake_overlays.cc \
	tests/unit/multikernel/placed/handed_test.cc \
	tests/unit/kexec/program/instance_pool_test.cc \
	tests/unit/multikernel/module/verbs_test.cc \
	tests/unit/multikernel/machine4.h \
	tests/unit/multikernel/native/named_instances_test.cc \
	tests/unit/multikernel/native/multikernel_machine.h \
	tests/unit/multikernel/native/harm_test.cc \
	tests/unit/multikernel/native/verbs_test.cc \
	tests/unit/multikernel/v1/verbs_test.cc \
	tests/unit/multikernel/ctl/ctl_machine.h \
	tests/unit/multikernel/ctl/module_test.cc \
	tests/unit/multikernel/ctl/native_test.cc \
	tests/unit/kexec/program/crash_load_test.cc tests/unit/kexec/program/load_test.cc \
	tests/unit/kexec/loader/x86/boot_params_fields_test.cc \
	tests/unit/kexec/loader/device_tree/chosen_kho_test.cc \
	tests/unit/kexec/machine/capabilities_test.cc \
	tests/unit/kexec/machine/capture_test.cc \
	tests/unit/kexec/machine/fixtures_test.cc \
	tests/unit/kexec/machine/machine_test.cc \
	tests/unit/kexec/machine/memory_blocks_test.cc \
	tests/unit/kexec/machine/memory_files.h \
	tests/unit/kexec/machine/memory_map_test.cc \
	tests/unit/kexec/machine/system_files_test.cc \
	tests/unit/multikernel/placed/x86_64/acpi_tables_test.cc \
	tests/unit/multikernel/native/captured_states_test.cc \
	tests/unit/multikernel/instance/cpu_choice_test.cc \
	tests/unit/multikernel/core/cpu_list_test.cc \
	tests/unit/multikernel/records/definition_test.cc \
	tests/unit/multikernel/module/facts_test.cc \
	tests/unit/multikernel/placed/handed_tree_test.cc \
	tests/unit/multikernel/native/filesystem_test.cc \
	tests/unit/multikernel/placed/own_machine_test.cc \
	tests/unit/multikernel/core/kimage_test.cc \
	tests/unit/multikernel/records/lock_test.cc \
	tests/unit/multikernel/placed/memory_choice_test.cc \
	tests/unit/multikernel/placed/memory_pool_test.cc \
	tests/unit/multikernel/native/overlay_test.cc \
	tests/unit/multikernel/records/record_test.cc \
	tests/unit/multikernel/placed/x86_64/serial_ports_test.cc \
	tests/unit/multikernel/desired/plan_test.cc \
	tests/unit/multikernel/desired/validation_test.cc \
	tests/unit/multikernel/native/history_test.cc \
	tests/unit/multikernel/native/spawn_machine.h \
	tests/unit/multikernel/native/pool_test.cc \
	tests/unit/multikernel/native/transaction_test.cc \
	tests/unit/kexec/plan/placement_test.cc \
	tests/unit/purgatory/image_test.cc \
	tests/unit/purgatory/memory_renamed.c \
	tests/unit/purgatory/memory_test.cc \
	tests/unit/purgatory/prepare_test.cc \
	tests/unit/kdump/save/failing_sink.h \
	tests/unit/kdump/save/page_filter_test.cc \
	tests/unit/kdump/save/page_layout_test.cc \
	tests/unit/kdump/save/page_set_test.cc \
	tests/unit/kdump/save/paged_kernel.h \
	tests/unit/kdump/save/save_order_test.cc \
	tests/unit/kdump/save/save_test.cc \
	tests/unit/kexec/system/errno_text_test.cc \
	tests/unit/kexec/system/fake_kernel.h \
	tests/unit/kexec/system/fake_kernel_test.cc \
	tests/unit/kexec/system/links_test.cc \
	tests/unit/kexec/system/network_test.cc \
	tests/unit/temporary_folder.h \
	$(PURGATORY_PORTABLE)
# The log of a dump, and what kdump prints.
tests_unit_unit_SOURCES += \
	tests/unit/kdump/kernel/log_test.cc \
	tests/unit/kdump/kernel/log_builder.h \
	tests/unit/kdump/program/log_text_test.cc \
	tests/unit/kdump/program/panic_message_test.cc
if CATCH2_IS_V2
tests_unit_unit_SOURCES += tests/unit/main.cc
endif
tests_unit_unit_CPPFLAGS = $(AM_CPPFLAGS) $(CATCH2_CFLAGS) \
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
