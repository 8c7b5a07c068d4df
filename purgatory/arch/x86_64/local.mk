# SPDX-License-Identifier: GPL-2.0-or-later
PURGATORY_X86_64_CFLAGS = $(PURGATORY_CFLAGS) -march=x86-64 -mtune=generic -mno-red-zone -mno-80387 -mno-mmx \
	-fcf-protection=none
PURGATORY_X86_64_CODE = \
	purgatory/arch/x86_64/entry.S \
	purgatory/arch/x86_64/machine.c \
	purgatory/arch/x86_64/serial.c \
	purgatory/arch/x86_64/vga_reset.c \
	purgatory/arch/x86_64/vga_text.c
PURGATORY_X86_64_INCLUDES = \
	purgatory/arch/x86_64/port.h \
	purgatory/arch/x86_64/serial.h \
	purgatory/arch/x86_64/vga.h
EXTRA_DIST += $(PURGATORY_X86_64_CODE) $(PURGATORY_X86_64_INCLUDES)

if PURGATORY_X86_64
PURGATORY_IMAGES += purgatory/x86_64/purgatory
PURGATORY_EMBED += -DPURGATORY_X86_64='"purgatory/x86_64/purgatory"'
endif

purgatory/x86_64/purgatory: $(PURGATORY_CODE) $(PURGATORY_X86_64_CODE) $(PURGATORY_INCLUDES) \
		$(PURGATORY_X86_64_INCLUDES) purgatory/purgatory.lds purgatory/local.mk purgatory/arch/x86_64/local.mk
	$(AM_V_at)$(MKDIR_P) purgatory/x86_64
	$(AM_V_GEN)cd $(srcdir) && $(PURGATORY_CC_x86_64) $(PURGATORY_CPPFLAGS) $(PURGATORY_X86_64_CFLAGS) \
		$(PURGATORY_LINK) $(PURGATORY_CODE) $(PURGATORY_X86_64_CODE) -o $(abs_builddir)/$@
	$(AM_V_at)size $@
