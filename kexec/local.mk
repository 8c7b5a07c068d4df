# Everything but main(): the programs and the tests link it.
noinst_LIBRARIES += kexec/libkexec.a
kexec_libkexec_a_SOURCES = \
	kexec/core/byte_view.cc kexec/core/byte_view.h \
	kexec/core/bytes.h \
	kexec/core/file.cc kexec/core/file.h \
	kexec/core/notices.h \
	kexec/core/phys_range.cc kexec/core/phys_range.h \
	kexec/core/result.h

KEXEC_LIBS = $(FMT_LIBS) $(ZLIB_LIBS) $(LZMA_LIBS) $(ZSTD_LIBS)

sbin_PROGRAMS += kexec/kexec
kexec_kexec_SOURCES = kexec/main.cc
kexec_kexec_LDADD = kexec/libkexec.a $(KEXEC_LIBS)

if STATIC_KEXEC
noinst_PROGRAMS += kexec/kexec-static
kexec_kexec_static_SOURCES = $(kexec_kexec_SOURCES)
kexec_kexec_static_LDADD = kexec/libkexec.a $(KEXEC_LIBS)
kexec_kexec_static_LDFLAGS = -static
endif

kexec_libkexec_a_SOURCES += \
	kexec/system/errno_causes.cc kexec/system/errno_causes.h \
	kexec/system/errno_text.cc kexec/system/errno_text.h \
	kexec/system/kernel.h \
	kexec/system/network.cc kexec/system/network.h \
	kexec/system/running_kernel.cc
