# SPDX-License-Identifier: GPL-2.0-or-later
if HAVE_CATCH2
check_PROGRAMS += tests/unit/unit
TESTS += tests/unit/unit
tests_unit_unit_SOURCES = $(PURGATORY_PORTABLE) \
	tests/unit/catch.h \
	tests/unit/kdump/dump/architecture_test.cc \
	tests/unit/kdump/dump/compressed_dump_test.cc \
	tests/unit/kdump/dump/kdump_builder.h \
	tests/unit/kdump/dump/opened_dump.h \
	tests/unit/kdump/dump/vmcore_builder.h \
	tests/unit/kdump/dump/vmcore_test.cc \
	tests/unit/kdump/dump/vmcoreinfo_test.cc \
	tests/unit/kdump/kernel/crashed_kernel.h \
	tests/unit/kdump/kernel/log_builder.h \
	tests/unit/kdump/kernel/log_test.cc \
	tests/unit/kdump/kernel/memory_test.cc \
	tests/unit/kdump/kernel/page_tables_test.cc \
	tests/unit/kdump/program/log_text_test.cc \
	tests/unit/kdump/program/panic_message_test.cc \
	tests/unit/kdump/save/failing_sink.h \
	tests/unit/kdump/save/page_filter_test.cc \
	tests/unit/kdump/save/page_layout_test.cc \
	tests/unit/kdump/save/page_set_test.cc \
	tests/unit/kdump/save/paged_kernel.h \
	tests/unit/kdump/save/save_order_test.cc \
	tests/unit/kdump/save/save_test.cc \
	tests/unit/kexec/cli/arguments_test.cc \
	tests/unit/kexec/cli/held_signals_test.cc \
	tests/unit/kexec/cli/print_test.cc \
	tests/unit/kexec/cli/standard_files_test.cc \
	tests/unit/kexec/core/byte_view_test.cc \
	tests/unit/kexec/core/command_line_test.cc \
	tests/unit/kexec/core/file_test.cc \
	tests/unit/kexec/core/notices_test.cc \
	tests/unit/kexec/core/phys_range_test.cc \
	tests/unit/kexec/core/shown_test.cc \
	tests/unit/kexec/core/shared_bytes_test.cc \
	tests/unit/kexec/core/terminal_text_test.cc \
	tests/unit/kexec/core/wire_test.cc \
	tests/unit/kexec/crash/crash_machine.h \
	tests/unit/kexec/crash/elfcorehdr_test.cc \
	tests/unit/kexec/crash/facts_test.cc \
	tests/unit/kexec/crash/plan_test.cc \
	tests/unit/kexec/image/bzimage_builder.h \
	tests/unit/kexec/image/bzimage_test.cc \
	tests/unit/kexec/image/device_tree/device_tree_builder.h \
	tests/unit/kexec/image/device_tree/device_tree_test.cc \
	tests/unit/kexec/image/elf_builder.h \
	tests/unit/kexec/image/elf_test.cc \
	tests/unit/kexec/image/identify_test.cc \
	tests/unit/kexec/image/kho/kho_builder.h \
	tests/unit/kexec/image/kho/preserved_memory_test.cc \
	tests/unit/kexec/image/kho/tree_test.cc \
	tests/unit/kexec/image/unpack/pack.cc \
	tests/unit/kexec/image/unpack/pack.h \
	tests/unit/kexec/image/unpack/unpack_test.cc \
	tests/unit/kexec/image/vmlinux_test.cc \
	tests/unit/kexec/loader/device_tree/chosen_kho_test.cc \
	tests/unit/kexec/loader/x86/boot_params_fields_test.cc \
	tests/unit/kexec/machine/capabilities_test.cc \
	tests/unit/kexec/machine/capture_test.cc \
	tests/unit/kexec/machine/kho_test.cc \
	tests/unit/kexec/machine/fixtures_test.cc \
	tests/unit/kexec/machine/machine_test.cc \
	tests/unit/kexec/machine/memory_blocks_test.cc \
	tests/unit/kexec/machine/memory_files.h \
	tests/unit/kexec/machine/memory_map_test.cc \
	tests/unit/kexec/machine/system_files_test.cc \
	tests/unit/kexec/plan/placement_test.cc \
	tests/unit/kexec/program/crash_load_test.cc \
	tests/unit/kexec/program/instance_pool_test.cc \
	tests/unit/kexec/program/load_test.cc \
	tests/unit/kexec/purgatory/fill_test.cc \
	tests/unit/kexec/system/errno_text_test.cc \
	tests/unit/kexec/system/fake_kernel.h \
	tests/unit/kexec/system/fake_kernel_test.cc \
	tests/unit/kexec/system/links_test.cc \
	tests/unit/kexec/system/network_test.cc \
	tests/unit/multikernel/core/cpu_list_test.cc \
	tests/unit/multikernel/core/kimage_test.cc \
	tests/unit/multikernel/ctl/apply_test.cc \
	tests/unit/multikernel/ctl/commands/console_test.cc \
	tests/unit/multikernel/ctl/ctl_machine.h \
	tests/unit/multikernel/ctl/module_test.cc \
	tests/unit/multikernel/ctl/native_harm_test.cc \
	tests/unit/multikernel/ctl/native_test.cc \
	tests/unit/multikernel/desired/file_test.cc \
	tests/unit/multikernel/desired/plan_test.cc \
	tests/unit/multikernel/desired/validation_test.cc \
	tests/unit/multikernel/dialects/dialect_safety_test.cc \
	tests/unit/multikernel/instance/cpu_choice_test.cc \
	tests/unit/multikernel/machine4.h \
	tests/unit/multikernel/module/definition_load_test.cc \
	tests/unit/multikernel/module/facts_test.cc \
	tests/unit/multikernel/module/fake_module.h \
	tests/unit/multikernel/module/verbs_test.cc \
	tests/unit/multikernel/native/captured_states_test.cc \
	tests/unit/multikernel/native/fake_multikernel.cc \
	tests/unit/multikernel/native/fake_multikernel.h \
	tests/unit/multikernel/native/fake_multikernel_files.cc \
	tests/unit/multikernel/native/fake_multikernel_test.cc \
	tests/unit/multikernel/native/fake_overlays.cc \
	tests/unit/multikernel/native/filesystem_test.cc \
	tests/unit/multikernel/native/harm_test.cc \
	tests/unit/multikernel/native/history_test.cc \
	tests/unit/multikernel/native/multikernel_machine.h \
	tests/unit/multikernel/native/named_instances_test.cc \
	tests/unit/multikernel/native/overlay_test.cc \
	tests/unit/multikernel/native/pool_test.cc \
	tests/unit/multikernel/native/spawn_machine.h \
	tests/unit/multikernel/native/transaction_test.cc \
	tests/unit/multikernel/native/verbs_test.cc \
	tests/unit/multikernel/placed/handed_test.cc \
	tests/unit/multikernel/placed/handed_tree_test.cc \
	tests/unit/multikernel/placed/memory_choice_test.cc \
	tests/unit/multikernel/placed/memory_pool_test.cc \
	tests/unit/multikernel/placed/own_machine_test.cc \
	tests/unit/multikernel/placed/x86_64/acpi_tables_test.cc \
	tests/unit/multikernel/placed/x86_64/serial_ports_test.cc \
	tests/unit/multikernel/records/definition_test.cc \
	tests/unit/multikernel/records/lock_test.cc \
	tests/unit/multikernel/records/record_test.cc \
	tests/unit/multikernel/v1/verbs_test.cc \
	tests/unit/prelude.h \
	tests/unit/purgatory/image_test.cc \
	tests/unit/purgatory/memory_renamed.c \
	tests/unit/purgatory/memory_test.cc \
	tests/unit/purgatory/prepare_test.cc \
	tests/unit/temporary_folder.h
if CATCH2_IS_V2
check_LIBRARIES += tests/unit/libmain.a
tests_unit_libmain_a_SOURCES = tests/unit/main.cc tests/unit/catch.h
tests_unit_libmain_a_CPPFLAGS = $(AM_CPPFLAGS) $(CATCH2_CFLAGS)
tests_unit_libmain_a_CXXFLAGS = $(KX_TEST_CXXFLAGS)
CATCH2_MAIN = tests/unit/libmain.a
endif
tests_unit_unit_CPPFLAGS = $(AM_CPPFLAGS) $(CATCH2_CFLAGS) -DCATCH_CONFIG_FAST_COMPILE -DTEST_SOURCE='"$(abs_srcdir)"'
# A test's code runs once: it is compiled quickly rather than well, and what nearly all tests include is compiled once.
# main() of Catch2 2 needs its header in another form, so it stands in a library of its own.
tests_unit_unit_CXXFLAGS = $(KX_TEST_CXXFLAGS)
if PRECOMPILED_HEADERS
# ccache keeps what is compiled with such a header only if it is told that this is wanted.
export CCACHE_SLOPPINESS ?= pch_defines,time_macros,include_file_mtime,include_file_ctime
tests_unit_unit_CXXFLAGS += -include tests/unit/prelude.h
$(tests_unit_unit_OBJECTS): tests/unit/prelude.h.gch
tests/unit/prelude.h.gch: tests/unit/prelude.h tests/unit/catch.h
	$(AM_V_GEN)$(MKDIR_P) tests/unit && $(CXX) $(DEFS) $(tests_unit_unit_CPPFLAGS) $(CPPFLAGS) $(KX_TEST_CXXFLAGS) \
	  $(CXXFLAGS) $(KX_PRECOMPILE) -MD -MP -MF tests/unit/prelude.d -MT $@ -x c++-header \
	  -c -o $@ $(srcdir)/tests/unit/prelude.h
-include tests/unit/prelude.d
CLEANFILES += tests/unit/prelude.h.gch tests/unit/prelude.d
endif
tests_unit_unit_LDADD = $(CATCH2_MAIN) $(KX_GROUP) kdump/program/libkdump.a multikernel/ctl/libmultikernelctl.a \
	kexec/program/libkexec.a $(KDUMP_ARCHIVES) $(MULTIKERNEL_ARCHIVES) kexec/cli/libcli.a $(KEXEC_ARCHIVES) \
	$(KX_GROUP_END) $(KEXEC_LIBS) -lutil $(KDUMP_LIBS) $(XXHASH_LIBS) $(CATCH2_LIBS)
endif
