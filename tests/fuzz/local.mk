# SPDX-License-Identifier: GPL-2.0-or-later
# Fuzz targets: see tests/fuzz/README.md. A new one is its name here, three lines below and a corpus folder.
fuzz_targets = \
	tests/fuzz/bzimage \
	tests/fuzz/cpu_list \
	tests/fuzz/desired_dtb \
	tests/fuzz/desired_toml \
	tests/fuzz/device_tree \
	tests/fuzz/elf \
	tests/fuzz/elfcorehdr \
	tests/fuzz/identify \
	tests/fuzz/iomem \
	tests/fuzz/kdump_header \
	tests/fuzz/kho_memory \
	tests/fuzz/kho_tree \
	tests/fuzz/kimage \
	tests/fuzz/links \
	tests/fuzz/options \
	tests/fuzz/overlay \
	tests/fuzz/page_layout \
	tests/fuzz/placement \
	tests/fuzz/pool \
	tests/fuzz/pool_tree \
	tests/fuzz/printk \
	tests/fuzz/record \
	tests/fuzz/save \
	tests/fuzz/unpack \
	tests/fuzz/vmcore \
	tests/fuzz/vmcoreinfo \
	tests/fuzz/vmlinux

# With --enable-fuzzers libFuzzer brings main() and the targets are for running by hand; else replay.cc does, and
# `make check` replays every corpus.
fuzz_sources = tests/fuzz/invariant.h
check_PROGRAMS += $(fuzz_targets)
if !FUZZERS
fuzz_sources += tests/fuzz/replay.cc
TESTS += $(fuzz_targets)
endif
# Each target takes from the libraries what it needs.
fuzz_libs = $(KX_GROUP) kdump/program/libkdump.a multikernel/ctl/libmultikernelctl.a kexec/program/libkexec.a $(KDUMP_ARCHIVES) \
	$(MULTIKERNEL_ARCHIVES) kexec/cli/libcli.a $(KEXEC_ARCHIVES) $(KX_GROUP_END) $(KEXEC_LIBS) $(KDUMP_LIBS) $(XXHASH_LIBS)

tests_fuzz_bzimage_SOURCES = tests/fuzz/bzimage.cc $(fuzz_sources)
tests_fuzz_bzimage_LDADD = $(fuzz_libs)
tests_fuzz_bzimage_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_cpu_list_SOURCES = tests/fuzz/cpu_list.cc $(fuzz_sources)
tests_fuzz_cpu_list_LDADD = $(fuzz_libs)
tests_fuzz_cpu_list_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_desired_dtb_SOURCES = tests/fuzz/desired_dtb.cc tests/fuzz/desired_invariants.h $(fuzz_sources)
tests_fuzz_desired_dtb_LDADD = $(fuzz_libs)
tests_fuzz_desired_dtb_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_desired_toml_SOURCES = tests/fuzz/desired_toml.cc tests/fuzz/desired_invariants.h $(fuzz_sources)
tests_fuzz_desired_toml_LDADD = $(fuzz_libs)
tests_fuzz_desired_toml_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_device_tree_SOURCES = tests/fuzz/device_tree.cc $(fuzz_sources)
tests_fuzz_device_tree_LDADD = $(fuzz_libs)
tests_fuzz_device_tree_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_elf_SOURCES = tests/fuzz/elf.cc $(fuzz_sources)
tests_fuzz_elf_LDADD = $(fuzz_libs)
tests_fuzz_elf_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_elfcorehdr_SOURCES = tests/fuzz/elfcorehdr.cc $(fuzz_sources)
tests_fuzz_elfcorehdr_LDADD = $(fuzz_libs)
tests_fuzz_elfcorehdr_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_identify_SOURCES = tests/fuzz/identify.cc $(fuzz_sources)
tests_fuzz_identify_LDADD = $(fuzz_libs)
tests_fuzz_identify_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_iomem_SOURCES = tests/fuzz/iomem.cc $(fuzz_sources)
tests_fuzz_iomem_LDADD = $(fuzz_libs)
tests_fuzz_iomem_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_links_SOURCES = tests/fuzz/links.cc $(fuzz_sources)
tests_fuzz_links_LDADD = $(fuzz_libs)
tests_fuzz_links_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_kimage_SOURCES = tests/fuzz/kimage.cc $(fuzz_sources)
tests_fuzz_kimage_LDADD = $(fuzz_libs)
tests_fuzz_kimage_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_kdump_header_SOURCES = tests/fuzz/kdump_header.cc tests/fuzz/dump_invariants.h $(fuzz_sources)
tests_fuzz_kdump_header_LDADD = $(fuzz_libs)
tests_fuzz_kdump_header_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_kho_memory_SOURCES = tests/fuzz/kho_memory.cc $(fuzz_sources)
tests_fuzz_kho_memory_LDADD = $(fuzz_libs)
tests_fuzz_kho_memory_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_kho_tree_SOURCES = tests/fuzz/kho_tree.cc $(fuzz_sources)
tests_fuzz_kho_tree_LDADD = $(fuzz_libs)
tests_fuzz_kho_tree_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_options_SOURCES = tests/fuzz/options.cc $(fuzz_sources)
tests_fuzz_options_LDADD = $(fuzz_libs)
tests_fuzz_options_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_overlay_SOURCES = tests/fuzz/overlay.cc $(fuzz_sources)
tests_fuzz_overlay_LDADD = $(fuzz_libs)
tests_fuzz_overlay_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_page_layout_SOURCES = tests/fuzz/page_layout.cc $(fuzz_sources)
tests_fuzz_page_layout_LDADD = $(fuzz_libs)
tests_fuzz_page_layout_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_placement_SOURCES = tests/fuzz/placement.cc $(fuzz_sources)
tests_fuzz_placement_LDADD = $(fuzz_libs)
tests_fuzz_placement_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_pool_SOURCES = tests/fuzz/pool.cc $(fuzz_sources)
tests_fuzz_pool_LDADD = $(fuzz_libs)
tests_fuzz_pool_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_pool_tree_SOURCES = tests/fuzz/pool_tree.cc $(fuzz_sources)
tests_fuzz_pool_tree_LDADD = $(fuzz_libs)
tests_fuzz_pool_tree_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_printk_SOURCES = tests/fuzz/printk.cc tests/unit/kdump/dump/vmcore_builder.h $(fuzz_sources)
tests_fuzz_printk_LDADD = $(fuzz_libs)
tests_fuzz_printk_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_record_SOURCES = tests/fuzz/record.cc $(fuzz_sources)
tests_fuzz_record_LDADD = $(fuzz_libs)
tests_fuzz_record_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_save_SOURCES = tests/fuzz/save.cc tests/fuzz/dump_invariants.h $(fuzz_sources)
tests_fuzz_save_LDADD = $(fuzz_libs)
tests_fuzz_save_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_unpack_SOURCES = tests/fuzz/unpack.cc $(fuzz_sources)
tests_fuzz_unpack_LDADD = $(fuzz_libs)
tests_fuzz_unpack_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_vmlinux_SOURCES = tests/fuzz/vmlinux.cc $(fuzz_sources)
tests_fuzz_vmlinux_LDADD = $(fuzz_libs)
tests_fuzz_vmlinux_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_vmcore_SOURCES = tests/fuzz/vmcore.cc tests/fuzz/dump_invariants.h $(fuzz_sources)
tests_fuzz_vmcore_LDADD = $(fuzz_libs)
tests_fuzz_vmcore_LDFLAGS = $(FUZZ_LDFLAGS)

tests_fuzz_vmcoreinfo_SOURCES = tests/fuzz/vmcoreinfo.cc $(fuzz_sources)
tests_fuzz_vmcoreinfo_LDADD = $(fuzz_libs)
tests_fuzz_vmcoreinfo_LDFLAGS = $(FUZZ_LDFLAGS)

fuzzers: $(fuzz_targets)
.PHONY: fuzzers

EXTRA_DIST += tests/fuzz/README.md tests/fuzz/corpus_kho.py tests/fuzz/make_corpus.py tests/fuzz/corpus
