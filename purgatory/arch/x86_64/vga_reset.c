// SPDX-License-Identifier: GPL-2.0-or-later
/* The registers of mode 3 as the IBM VGA has them: five groups, each written in the order of its numbers. */
#include "purgatory/arch/x86_64/port.h"
#include "purgatory/arch/x86_64/vga.h"

#include <stdint.h>

enum {
    ATTRIBUTE = 0x3c0, /* one port for number and value, in turn; reading INPUT_STATUS starts with the number */
    MISC_OUTPUT = 0x3c2,
    SEQUENCER = 0x3c4,
    DAC_MASK = 0x3c6,
    DAC_WRITE_INDEX = 0x3c8,
    DAC_DATA = 0x3c9,
    GRAPHICS = 0x3ce,
    CRTC = 0x3d4, /* in the colour range, which MISC_OUTPUT bit 0 selects */
    INPUT_STATUS = 0x3da,

    MISC_TEXT = 0x67, /* 28 MHz, colour addresses, memory on, 400 lines */
    ATTRIBUTE_SHOW = 0x20,
    SYNCHRONOUS_RESET = 0x01,
    SEQUENCER_RUN = 0x03,
    CRTC_PROTECT = 0x11, /* bit 7 guards registers 0 to 7 */
    DAC_ENTRIES = 64,
};

static const uint8_t sequencer[] = {0x01, 0x00, 0x03, 0x00, 0x02};

static const uint8_t crtc[] = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00,
                               0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff};

static const uint8_t graphics[] = {0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff};

/* 16 colours as numbers of DAC entries, then mode, overscan, planes, panning, colour select. */
static const uint8_t attribute[] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a,
                                    0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08, 0x00};

static void write_group(uint16_t index_port, const uint8_t* values, uint8_t count) {
    for (uint8_t i = 0; i < count; i++)
        indexed_write(index_port, i, values[i]);
}

static void write_attributes(void) {
    port_read(INPUT_STATUS);
    for (uint8_t i = 0; i < sizeof attribute; i++) {
        port_write(ATTRIBUTE, i);
        port_write(ATTRIBUTE, attribute[i]);
    }
    port_write(ATTRIBUTE, ATTRIBUTE_SHOW);
}

/* Entry bits 5 to 0 are r g b R G B: a third and two thirds of full brightness, which is 63. */
static void write_palette(void) {
    port_write(DAC_MASK, 0xff);
    port_write(DAC_WRITE_INDEX, 0);
    for (unsigned entry = 0; entry < DAC_ENTRIES; entry++)
        for (unsigned colour = 3; colour--;)
            port_write(DAC_DATA, (uint8_t)((entry >> colour & 1) * 42 + (entry >> (colour + 3) & 1) * 21));
}

static void blank_page(void) {
    volatile uint16_t* cells = (volatile uint16_t*)(uintptr_t)0xb8000;
    for (unsigned i = 0; i < 0x4000; i++)
        cells[i] = 0x0720;
}

void vga_reset(void) {
    indexed_write(SEQUENCER, 0, SYNCHRONOUS_RESET);
    port_write(MISC_OUTPUT, MISC_TEXT);
    write_group(SEQUENCER, sequencer, sizeof sequencer);
    indexed_write(SEQUENCER, 0, SEQUENCER_RUN);
    indexed_write(CRTC, CRTC_PROTECT, indexed_read(CRTC, CRTC_PROTECT) & 0x7f);
    write_group(CRTC, crtc, sizeof crtc);
    write_group(GRAPHICS, graphics, sizeof graphics);
    write_attributes();
    write_palette();
    blank_page();
}
