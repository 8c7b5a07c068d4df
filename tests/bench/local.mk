# SPDX-License-Identifier: GPL-2.0-or-later
# Built on demand: make tests/bench/purgatory_digest. What is measured gets purgatory's flags, the frame the user's.
BENCH_MEASURED = purgatory/x86_64/digest.o tests/bench/sha256.o tests/bench/read_memory.o
EXTRA_PROGRAMS = tests/bench/purgatory_digest
tests_bench_purgatory_digest_SOURCES = tests/bench/purgatory_digest.cc
tests_bench_purgatory_digest_LDADD = $(BENCH_MEASURED) $(XXHASH_LIBS)
EXTRA_DIST += tests/bench/sha256.c tests/bench/sha256.h tests/bench/read_memory.c tests/bench/read_memory.h \
	tests/bench/bench.py tests/bench/debian_kexec.py tests/bench/dumps.py tests/bench/instances_cost.py \
	tests/bench/measure.py tests/bench/run_measured.c tests/bench/sizes.py tests/bench/startup.py tests/bench/targets.py \
	tests/bench/vmcore.py
CLEANFILES += $(BENCH_MEASURED) $(EXTRA_PROGRAMS)

BENCH_COMPILE = cd $(srcdir) && $(PURGATORY_CC_x86_64) $(PURGATORY_CPPFLAGS) $(PURGATORY_X86_64_CFLAGS) -c
purgatory/x86_64/digest.o: purgatory/digest.c purgatory/digest.h
	$(AM_V_at)$(MKDIR_P) purgatory/x86_64
	$(AM_V_CC)$(BENCH_COMPILE) purgatory/digest.c -o $(abs_builddir)/$@
tests/bench/sha256.o: tests/bench/sha256.c tests/bench/sha256.h
	$(AM_V_at)$(MKDIR_P) tests/bench
	$(AM_V_CC)$(BENCH_COMPILE) tests/bench/sha256.c -o $(abs_builddir)/$@
tests/bench/read_memory.o: tests/bench/read_memory.c tests/bench/read_memory.h
	$(AM_V_at)$(MKDIR_P) tests/bench
	$(AM_V_CC)$(BENCH_COMPILE) tests/bench/read_memory.c -o $(abs_builddir)/$@
