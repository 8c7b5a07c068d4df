# SPDX-License-Identifier: GPL-2.0-or-later
# Everything but main(): the programs and the tests link it.
noinst_LIBRARIES += kexec/libkexec.a
kexec_libkexec_a_SOURCES = \
	kexec/abbreviations.cc kexec/abbreviations.h \
	kexec/arch/architecture.cc kexec/arch/architecture.h \
	kexec/arch/x86_64.cc \
	kexec/check.cc \
	kexec/core/arguments.cc kexec/core/arguments.h \
	kexec/check_crash.cc kexec/check_crash.h \
	kexec/core/byte_view.cc kexec/core/byte_view.h \
	kexec/core/bytes.h \
	kexec/core/command_line.cc kexec/core/command_line.h \
	kexec/core/file.cc kexec/core/file.h \
	kexec/core/fmt_library.cc \
	kexec/core/notices.h \
	kexec/core/own_folder.cc kexec/core/own_folder.h \
	kexec/core/phys_range.cc kexec/core/phys_range.h \
	kexec/core/result.h \
	kexec/core/shown.cc kexec/core/shown.h \
	kexec/crash_load.cc kexec/crash_load.h \
	kexec/core/shared_bytes.cc kexec/core/shared_bytes.h \
	kexec/core/standard_files.cc kexec/core/standard_files.h \
	kexec/core/terminal_text.cc kexec/core/terminal_text.h \
	kexec/core/utf8.cc kexec/core/utf8.h \
	kexec/core/wrapped_text.cc kexec/core/wrapped_text.h \
	kexec/device_tree_file.cc kexec/device_tree_file.h \
	kexec/foreseen.cc kexec/foreseen.h \
	kexec/handover/digest.cc kexec/handover/digest.h \
	kexec/handover/purgatory.cc kexec/handover/purgatory.h \
	kexec/image/bzimage.cc kexec/image/bzimage.h \
	kexec/image/device_tree.cc kexec/image/device_tree.h \
	kexec/image/device_tree_source.cc \
	kexec/image/device_tree_values.cc \
	kexec/image/elf.cc kexec/image/elf.h \
	kexec/image/identify.cc kexec/image/identify.h \
	kexec/image/signature.cc kexec/image/signature.h \
	kexec/image/unpack.cc kexec/image/unpack.h \
	kexec/image/unpack_bzip2.cc \
	kexec/image/unpack_lz4.cc \
	kexec/image/unpack_lzma.cc \
	kexec/image/unpack_stream.h \
	kexec/image/unpack_zlib.cc \
	kexec/image/unpack_zstd.cc \
	kexec/image/vmlinux.cc kexec/image/vmlinux.h \
	kexec/dialect.cc kexec/dialect.h \
	kexec/foreign_options.cc \
	kexec/instance_choice.cc kexec/instance_choice.h \
	kexec/instance_handover.cc kexec/instance_handover.h \
	kexec/instance_definition.cc kexec/instance_definition.h \
	kexec/instance_pool.cc \
	kexec/instance_status.cc kexec/instance_status.h \
	kexec/instance_verbs.cc kexec/instance_verbs.h \
	kexec/instance_share.cc kexec/instance_share.h \
	kexec/load.cc kexec/load.h \
	kexec/load_inputs.cc kexec/load_inputs.h \
	kexec/load_record.cc kexec/load_record.h \
	kexec/loader/boot_params_fields.cc kexec/loader/boot_params_fields.h \
	kexec/loader/bzimage.cc kexec/loader/bzimage.h \
	kexec/loader/chosen_handover.cc kexec/loader/chosen_handover.h \
	kexec/loader/formats.cc kexec/loader/formats.h \
	kexec/loader/load_request.h \
	kexec/loader/x86_boot_params.cc kexec/loader/x86_boot_params.h \
	kexec/machine/attribute.cc kexec/machine/attribute.h \
	kexec/machine/capabilities.cc kexec/machine/capabilities.h \
	kexec/machine/capture.cc kexec/machine/capture.h \
	kexec/machine/debug_flag.cc kexec/machine/debug_flag.h \
	kexec/machine/efi.cc kexec/machine/efi.h \
	kexec/machine/kernel_config.cc kexec/machine/kernel_config.h \
	kexec/machine/kho.cc kexec/machine/kho.h \
	kexec/machine/machine.cc kexec/machine/machine.h \
	kexec/machine/memory_blocks.cc kexec/machine/memory_blocks.h \
	kexec/machine/memory_map.cc kexec/machine/memory_map.h \
	kexec/machine/multikernel.cc kexec/machine/multikernel.h \
	kexec/machine/platform.cc kexec/machine/platform.h \
	kexec/machine/setup_data.cc kexec/machine/setup_data.h \
	kexec/machine/system_files.cc kexec/machine/system_files.h \
	kexec/machine/xen.cc kexec/machine/xen.h \
	kexec/module_load.cc kexec/module_load.h \
	kexec/multikernel_options.cc \
	kexec/option_rows.h \
	kexec/options.cc kexec/options.h \
	kexec/outcome.cc kexec/outcome.h \
	kexec/placed_load.cc kexec/placed_load.h \
	kexec/placed_instance.cc kexec/placed_instance.h \
	kexec/plan/crash_report.cc kexec/plan/crash_report.h \
	kexec/plan/demand.h \
	kexec/plan/load_plan.h \
	kexec/plan/placement.cc kexec/plan/placement.h \
	kexec/plan/report.cc kexec/plan/report.h \
	kexec/show_handover.cc \
	kexec/spawn_choice.cc kexec/spawn_choice.h \
	kexec/spawn_load.cc kexec/spawn_load.h \
	kexec/spawn_pool.cc kexec/spawn_pool.h \
	kexec/system/call_context.cc kexec/system/call_context.h \
	kexec/system/errno_causes.cc kexec/system/errno_causes.h \
	kexec/system/errno_instance.cc \
	kexec/system/errno_multikernel.cc \
	kexec/system/errno_text.cc kexec/system/errno_text.h \
	kexec/system/instance_commands.h \
	kexec/system/kernel.h \
	kexec/system/links.cc kexec/system/links.h \
	kexec/system/network.cc kexec/system/network.h \
	kexec/system/running_kernel.cc \
	kexec/v1_load.cc kexec/v1_load.h \
	kexec/v1_record.cc kexec/v1_record.h \
	kexec/v1_verbs.cc kexec/v1_verbs.h \
	kexec/verbs.cc kexec/verbs.h \
	kexec/ways_to_load.cc kexec/ways_to_load.h

KEXEC_LIBS = multikernel/libmultikernel.a kdump/crash/libcrash.a kexec/libkexec.a purgatory/libpurgatory.a $(ZLIB_LIBS) $(LZMA_LIBS) $(ZSTD_LIBS) \
	$(FDT_LIBS) \
	$(LZ4_LIBS) $(BZIP2_LIBS)

sbin_PROGRAMS += kexec/kexec
kexec_kexec_SOURCES = kexec/main.cc
kexec_kexec_LDADD = kexec/libkexec.a $(KEXEC_LIBS)

if STATIC_KEXEC
noinst_PROGRAMS += kexec/kexec-static
kexec_kexec_static_SOURCES = $(kexec_kexec_SOURCES)
kexec_kexec_static_LDADD = kexec/libkexec.a $(KEXEC_LIBS)
kexec_kexec_static_LDFLAGS = $(AM_LDFLAGS) -static
endif
